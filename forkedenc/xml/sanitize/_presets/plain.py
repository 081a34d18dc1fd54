"""PLAIN: any vocabulary, for XML processors and not for a page. It takes out what a processor would run or fetch by itself.

Nothing else goes: elements of other namespaces or of none stay whatever they are called, links stay, and signed documents
keep what was signed.
"""

from __future__ import annotations

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._presets._draft import XHTML_URI, XML_URI, Draft, names
from forkedenc.xml.sanitize._values import Text

__all__ = ["policy", "rules"]

SVG_URI = "http://www.w3.org/2000/svg"
XINCLUDE_URI = "http://www.w3.org/2001/XInclude"
XSLT_URI = "http://www.w3.org/1999/XSL/Transform"
XSI_URI = "http://www.w3.org/2001/XMLSchema-instance"

_ACTIVE = "script handler listener iframe object embed frame applet"
_ANYTHING = "{*}*"


def rules(name: str) -> Draft:
    """What PLAIN takes out, for presets that begin with it."""
    draft = Draft(name=name, comments="keep")
    draft.elements("a vocabulary that the preset does not know runs nothing by itself", [_ANYTHING])
    for uri, where in ((XHTML_URI, "a page"), (SVG_URI, "a picture")):
        found = names(uri, _ACTIVE)
        draft.elements(f"it runs or embeds what a stranger wrote when {where} is shown", found, "denied_elements")
    draft.elements(
        "XInclude makes a processor fetch and paste another document", names(XINCLUDE_URI, "*"), "denied_elements"
    )
    draft.elements("XSLT is a program that a processor runs", names(XSLT_URI, "*"), "denied_elements")
    draft.deny("an event handler is a script", names(XHTML_URI, "*") | names(SVG_URI, "*"), ["on*"])
    draft.deny("it changes what every relative URL below it means", _ANYTHING, names(XML_URI, "base"))
    draft.deny(
        "a hint that a validating processor fetches by itself",
        _ANYTHING,
        names(XSI_URI, "schemaLocation noNamespaceSchemaLocation"),
    )
    draft.allow(
        "an attribute of a vocabulary that the preset does not know is text; a URL that is a script is one in any of them",
        _ANYTHING,
        {_ANYTHING: Text(refused_schemes=frozenset({"javascript", "vbscript"}))},
    )
    return draft


def policy() -> Policy:
    """The preset."""
    draft = rules("plain")
    draft.settings["roots"] = frozenset({_ANYTHING})
    return draft.policy()
