"""SOAP: an envelope of 1.1 or 1.2 with any vocabulary in it, under PLAIN's rules; no DOCTYPE and no PI."""

from __future__ import annotations

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._presets._draft import names
from forkedenc.xml.sanitize._presets.plain import rules

__all__ = ["policy"]

SOAP_1_1_URI = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2_URI = "http://www.w3.org/2003/05/soap-envelope"


def policy() -> Policy:
    """The preset."""
    draft = rules("soap")
    envelopes = names(SOAP_1_1_URI, "Envelope") | names(SOAP_1_2_URI, "Envelope")
    draft.elements(
        "a message is an envelope: SOAP 1.1, section 4; SOAP 1.2 part 1, section 5", envelopes, "elements", "roots"
    )
    # SOAP 1.1, section 3; SOAP 1.2 part 1, section 5: a message must hold neither.
    draft.settings |= {"doctype": "error", "pis": "drop"}
    return draft.policy()
