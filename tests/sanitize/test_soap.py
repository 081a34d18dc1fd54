"""The preset SOAP: envelopes with any body."""

import pytest
from cleaning import SOAP_1_1, SOAP_1_2, SVG, XHTML, XINCLUDE, XSI, clean, elements, names, rules, sanitizer

import forkedenc
from forkedenc.xml import sanitize

VERSIONS = [SOAP_1_1, SOAP_1_2]


def envelope(version, body):
    return f'<e:Envelope xmlns:e="{version}"><e:Header/><e:Body>{body}</e:Body></e:Envelope>'


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "body",
    [
        '<x:q xmlns:x="urn:x" xmlns:xs="urn:xs" x:type="xs:int">xs:int &amp; more</x:q>',
        f'<q xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:type="xsd:string" xsi:nil="true">a</q>',
        "<script>1</script><object/><!-- a note -->",
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object Id="o">  </ds:Object></ds:Signature>',
        '<a href="https://a/" onclick="x" xml:lang="de" xml:space="preserve" xml:id="i"> </a>',
    ],
)
def test_any_vocabulary_in_an_envelope_stays_as_it_is(version, body):
    data = envelope(version, body)
    assert clean(sanitize.SOAP, data) == data.encode()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE e:Envelope>",
        "<!DOCTYPE x SYSTEM 'y'>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "<!DOCTYPE x [<!ATTLIST y z CDATA 'w'>]>",
    ],
)
def test_a_doctype_is_refused(version, doctype):
    with pytest.raises(forkedenc.DecodeError):
        sanitizer(sanitize.SOAP).clean(doctype + envelope(version, ""))


@pytest.mark.parametrize("version", VERSIONS)
def test_processing_instructions_go(version):
    data = f"<?a b?>{envelope(version, '<?c d?><q/>')}<?e?>"
    out = clean(sanitize.SOAP, data)
    assert out == envelope(version, "<q/>").encode()
    assert [kind for kind, _, _ in rules(sanitize.SOAP, data)] == ["pi"] * 3


@pytest.mark.parametrize(
    "data",
    [
        "<Envelope/>",
        '<Envelope xmlns="urn:x"/>',
        f'<svg xmlns="{SVG}"/>',
        f'<e:Body xmlns:e="{SOAP_1_1}"/>',
        f'<e:envelope xmlns:e="{SOAP_1_2}"/>',
    ],
)
def test_what_is_no_envelope_is_refused(data):
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        sanitizer(sanitize.SOAP).clean(data)
    assert caught.value.kind == "root"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_processor_would_run_or_fetch_goes(version):
    body = f'<h:script xmlns:h="{XHTML}"/><s:script xmlns:s="{SVG}"/><xi:include xmlns:xi="{XINCLUDE}" href="x"/><q xmlns:i="{XSI}" i:schemaLocation="a b" xml:base="c" r="javascript:x"/>'
    out = clean(sanitize.SOAP, envelope(version, body))
    assert names(out) == ["Header", "Body", "q"]
    assert elements(out)[-1].attributes == {}
