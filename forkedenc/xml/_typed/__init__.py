"""Classes of elements: what decodes them, what encodes them, and what keeps the rest of a document that no field claims."""
