"""Where a document is cut into chunks changes nothing: neither which limit it crosses nor where, nor what is audited."""

from __future__ import annotations

from typing import Any

import pytest

from forkedenc import Limits, xml
from forkedenc.xml import sax
from forkedenc.xml.etree import ElementTree as ET  # noqa: N817

DOCUMENTS = [
    b"<a>&lt;&amp;</a>",
    b"<a b='&lt;&#65;&amp;x'/>",
    b"<a bb='' bb=''/>",
    b"<a bbbb='xyz' bbbb=''/>",
    b"<a>abc]]></a>",
    b"<a>abc&lt;]]></a>",
    b"<a><!--c-->abc<b/>]]></a>",
    b"<!DOCTYPE aa PUBLIC 'pubid' 'sysid'><aa xmlns='urn:a' xmlns:p='urn:bb' p:q='1' q='2'><p:bb xmlns:p='u3'/></aa>",
    b"<!DOCTYPE a [<!ENTITY long 'xyz'><!ENTITY f '&long;'><!ATTLIST a b CDATA 'd'>]><a d='&f;'>&long;&lt;<b/></a>",
    "<?xml version='1.0' encoding='iso-8859-1'?><é ñ='ü'>é\r\né<ß/></é>".encode("latin-1"),
    "<é ñ='ü'>日本語<ß/>😀</é>".encode("utf-16"),
]
BOUNDS = [*range(10), 14, 20, 32, 64]
LIMITS = [
    "max_attribute_bytes",
    "max_attributes",
    "max_attributes_bytes",
    "max_distinct_names",
    "max_memory_bytes",
    "max_name_bytes",
    "max_namespaces",
    "max_text_bytes",
    "max_tokens",
]


def outcome(document: bytes, size: int, limits: Limits, **options: Any) -> tuple[str, list[str]]:
    """How a document ends that is fed in chunks of a size, and what it tells but for text."""
    parser = xml.PullParser(limits=limits, dtd="internal", **options)
    end = "ended"
    try:
        for start in range(0, len(document), size):
            parser.feed(document[start : start + size])
        parser.close()
    except xml.ParseError as error:
        end = str(error)
    events = parser.read_events()
    return end, [repr(event) for event in events if options.get("coalesce", True) or not isinstance(event, xml.Text)]


@pytest.mark.parametrize("coalesce", [True, False])
@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_crossed_at_one_place_however_the_document_is_cut(
    limit: str, document: bytes, coalesce: bool
) -> None:
    # A document that ends well leaves its names behind: then the parser knows them.
    cut = [outcome(document, 1, Limits(**{limit: bound}), coalesce=coalesce) for bound in BOUNDS]
    outcome(document, len(document), Limits(), coalesce=coalesce)
    for bound, expected in zip(BOUNDS, cut, strict=True):
        limits = Limits(**{limit: bound})
        whole = outcome(document, len(document), limits, coalesce=coalesce)
        assert whole == expected
        assert outcome(document, 5, limits, coalesce=coalesce) == whole


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("limit", LIMITS)
def test_breaches_are_the_same_however_the_document_is_cut(limit: str, document: bytes) -> None:
    def audited(size: int, bound: int) -> tuple[tuple[str, list[str]], list[Any]]:
        breaches: list[Any] = []
        return outcome(document, size, Limits(**{limit: bound}), audit=breaches.append), breaches

    for bound in BOUNDS:
        assert audited(len(document), bound) == audited(len(document), bound) == audited(1, bound)


@pytest.mark.parametrize("reference", [b"<a>&long;<b/></a>", b"<a c='&long;'><b/></a>", b"<a>&long;</a>"])
def test_the_name_of_a_reference_is_audited_with_its_own_length(reference: bytes) -> None:
    breaches: list[Any] = []
    parser = xml.PullParser(limits=Limits(max_name_bytes=3), dtd="internal", audit=breaches.append)
    parser.feed(b"<!DOCTYPE a [<!ENTITY long 'x'>]>" + reference)
    parser.close()
    assert [(breach.limit, breach.observed) for breach in breaches] == [("max_name_bytes", 4)] * 2


@pytest.mark.parametrize("document", [b"<a>text</b>", b"<a>te]xt]]>", b"<a>text&none;", b"<a><b/>text<"])
def test_a_target_is_told_the_text_before_an_error(document: bytes) -> None:
    class Target:
        def __init__(self) -> None:
            self.text = ""

        def data(self, text: str) -> None:
            self.text += text

    told = []
    for size in (len(document), 1):
        target = Target()
        parser = ET.XMLParser(target=target)
        with pytest.raises(ET.ParseError):
            for start in range(0, len(document), size):
                parser.feed(document[start : start + size])
            parser.close()
        told.append(target.text)
    assert told[0] == told[1]
    assert told[0].startswith("te")


def test_what_a_target_raises_for_the_text_before_an_error_comes_first() -> None:
    class Target:
        def data(self, text: str) -> None:
            raise LookupError(text)

    parser = ET.XMLParser(target=Target())
    with pytest.raises(LookupError, match="text"):
        parser.feed(b"<a>text</b>")
    with pytest.raises(LookupError, match="text"):
        parser.feed(b"</a>")


@pytest.mark.parametrize(
    "document",
    [b"<a:b:c xmlns:a='u'/>", b"<a x:=''/>", b"<a :x=''/>", b"<a:1 xmlns:a='u'/>", b"<a xmlns:a='u' a:1=''/>"],
)
def test_a_document_read_without_namespaces_makes_no_name_good_for_one_with(document: bytes) -> None:
    for size in (len(document), 1):
        expected = outcome(document, size, Limits())
        assert expected[0] != "ended"
        assert outcome(document, len(document), Limits(), namespaces=False)[0] == "ended"
        assert outcome(document, size, Limits()) == expected
        sax.parseString(document, sax.ContentHandler())
        assert outcome(document, size, Limits()) == expected
        with pytest.raises(ET.ParseError):
            ET.fromstring(document)


def test_a_parser_that_waits_is_not_given_names_of_one_without_namespaces() -> None:
    parser = xml.PullParser()
    parser.feed(b"<r xmlns:a='u'>")
    outcome(b"<a:b:c/>", 8, Limits(), namespaces=False)
    with pytest.raises(xml.ParseError, match="invalid token"):
        parser.feed(b"<a:b:c/>")


def test_what_is_no_name_in_place_of_the_root_is_refused_alike_for_its_cost() -> None:
    for limits in (Limits(max_memory_bytes=8), Limits(max_tokens=0), Limits(max_depth=0)):
        ends = []
        for size in (3, 1):
            parser = ET.XMLParser(limits=limits)
            with pytest.raises(ET.ParseError) as caught:
                for start in range(0, 3, size):
                    parser.feed(b"<- "[start : start + size])
            ends.append(str(caught.value))
        assert ends[0] == ends[1]
