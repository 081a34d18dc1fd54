"""XML documents of third-party suites, with what a parser has to do that knows namespaces and reads nothing external.

The manifest's column ``exp_ns`` says it, or ``exp_noext`` where that leaves it open: an error may lie in what is not read.
"""

import re
from typing import NamedTuple

import suites

TAKE, REFUSE = "take", "refuse"
WANT = {"valid": TAKE, "invalid-but-wf": TAKE, "not-wf": REFUSE}
# The one default limit that documents of the suites cross: a name of more than 4096 bytes.
LONG_NAME = re.compile(rb"<[^\s<>/=]{4097}")
# Verdicts that the suite's collection derived from what expat and libxml2 do, where they leave references to parameter
# entities alone, or know the names of the fourth edition only (those have nothing past U+FFFF).
PARAMETER_ENTITY = re.compile(rb"<!ENTITY\s+%\s+\S+\s+[\"'].*%[^\s%&;<>]+;", re.DOTALL)
NAME_PAST_FFFF = re.compile(rb"</?[^<>\s]*[\xf0-\xf4]")


# Forms with something in them that is no event.
NO_EVENT = {"xml-w3c-xmlconf/xmlconf/ibm/valid/P29/ibm29v01.xml": "a processing instruction of the internal subset"}


class Document(NamedTuple):
    """A row of the manifest."""

    path: str
    suite: str
    want: str | None
    expected_output: str
    derived: bool
    notes: str

    def read(self) -> bytes:
        """Its bytes."""
        return (suites.FOLDER / self.path).read_bytes()

    def verdict(self, data: bytes) -> str | None:
        """TAKE, REFUSE or None: either."""
        ascii_like = data.replace(b"\0", b"")
        if self.derived and (
            PARAMETER_ENTITY.search(ascii_like) or (self.want == REFUSE and NAME_PAST_FFFF.search(ascii_like))
        ):
            return None
        return self.want

    def canonical(self) -> bytes | None:
        """The first canonical form that the suite gives; not of what it read from outside."""
        if (
            self.want != TAKE
            or self.path in NO_EVENT
            or not self.expected_output
            or "entities=none" not in self.notes.split()
        ):
            return None
        expected = (suites.FOLDER / self.expected_output).read_bytes()
        # The second form, for notations, has a DOCTYPE in front.
        return re.sub(rb"<!DOCTYPE [^\[>]*\[[^\]]*\]>\n", b"", expected, count=1)


def documents() -> list[Document]:
    """Every XML 1.0 document of the manifest."""
    found = []
    for row in suites.rows("xml", "svg"):
        expectation = row["exp_noext"] if row["exp_noext"] == "either" else row["exp_ns"]
        derived = row["basis"] == "derived" or "pyexpat=" in row["notes"]
        found.append(
            Document(row["path"], row["suite"], WANT.get(expectation), row["expected_output"], derived, row["notes"])
        )
    return found


def options(data: bytes) -> dict:
    """How a document of the suites is read: all that is XML 1.0, default limits where they let it pass."""
    from forkedenc import Limits

    found = {"dtd": "internal", "encodings": "all"}
    if LONG_NAME.search(data):
        found["limits"] = Limits.unlimited()
    return found
