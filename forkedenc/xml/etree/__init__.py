"""Replacements for the standard library's ``xml.etree``: trees of its own elements, read within limits."""

from xml.etree import ElementPath

from forkedenc.xml.etree import ElementInclude, ElementTree

__all__ = ["ElementInclude", "ElementPath", "ElementTree"]
