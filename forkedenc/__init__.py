"""JSON and XML codecs for bytes you do not trust."""
