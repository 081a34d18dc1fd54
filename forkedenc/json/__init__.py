"""A replacement for the standard library's ``json``."""
