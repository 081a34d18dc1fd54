"""XML: this room is built by a later release."""
