"""The standard library's ``json.scanner``: the function that reads one value at an index of a str."""

from forkedenc._native import Scanner

__all__ = ["make_scanner"]

make_scanner = c_make_scanner = Scanner
