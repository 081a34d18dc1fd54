"""The preset PLAIN: any vocabulary, of which only that goes which a processor would run or fetch by itself."""

import pytest
from cleaning import (
    SVG,
    XHTML,
    XINCLUDE,
    XML,
    XSI,
    XSLT,
    attributes,
    clean,
    elements,
    expat_events,
    names,
    rules,
    sanitizer,
    text,
)

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN

KEPT = [
    '<r><script onclick="x">a</script><object href="https://a/"/><style>x{}</style><iframe/><embed data="data:text/html,x"/><handler/></r>',
    '<x:a xmlns:x="urn:x" x:href="file:///etc/passwd" on="1" onload="x"><x:script>1</x:script><x:iframe/></x:a>',
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object Id="o"/><ds:Reference URI="#o"/></ds:Signature>',
    '<a href="https://a/" src="//b/" xml:lang="de" xml:space="preserve" xml:id="i">\n  <b/>\t</a>',
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="u" schemaLocation="u.xsd"/><xs:include schemaLocation="http://a/"/></xs:schema>',
    '<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"><w:import location="http://a/"/></w:definitions>',
    f'<h:p xmlns:h="{XHTML}" style="x" class="y" id="z"><h:a href="http://a/">b</h:a><h:form><h:input/></h:form><h:img src="x"/></h:p>',
    f'<svg xmlns="{SVG}"><foreignObject/><use href="http://a/#b"/><audio/><a href="data:text/html,x"/></svg>',
    f'<a xmlns:xsi="{XSI}" xmlns:t="urn:t" xsi:type="t" xsi:nil="true">t:q</a>',
    '<a xmlns="urn:a"><b xmlns=""><c xmlns="urn:c" xmlns:p="urn:p"/></b></a>',
    "<a><!-- note --> x <!----></a>",
    '<a b="see javascript:x" c="javascript" d="&#10;&#9;&lt;&quot;"/>',
    "<é ñ='ü'>日本語😀</é>".replace("'", '"'),
    "<Script/>",
]


@pytest.mark.parametrize("data", KEPT)
def test_what_only_looks_as_if_it_acted_stays_byte_for_byte(data):
    cleaned = sanitizer(PLAIN).clean(data)
    assert cleaned.data.decode() == data
    assert not cleaned.report.changed
    assert clean(PLAIN, data) == cleaned.data


@pytest.mark.parametrize("uri", [XHTML, SVG])
@pytest.mark.parametrize(
    "tag", ["script", "handler", "listener", "iframe", "object", "embed", "frame", "applet", "SCRIPT", "iFrame"]
)
@pytest.mark.parametrize(
    "form", ['<{0} xmlns="{1}">x</{0}>', '<p:{0} xmlns:p="{1}">x</p:{0}>', '<q xmlns="{1}"><{0}><b/></{0}></q>']
)
def test_what_runs_in_a_page_or_a_picture_goes_there_only(form, tag, uri):
    out = clean(PLAIN, f"<r>{form.format(tag, uri)}<s/></r>")
    assert names(out) in (["s"], ["q", "s"])
    assert text(out) == ""


@pytest.mark.parametrize("uri", [XHTML, SVG])
def test_event_attributes_of_a_page_or_a_picture_go(uri):
    out = clean(
        PLAIN,
        f'<r><p xmlns="{uri}" onclick="a" ONLOAD="b" onx="c" xon="d" xmlns:y="urn:y" y:onclick="e"/><q onclick="f"/></r>',
    )
    assert attributes(out, "p") == {"xon": "d", "{urn:y}onclick": "e"}
    assert attributes(out, "q") == {"onclick": "f"}


@pytest.mark.parametrize(
    "value",
    [
        "javascript:x",
        "JavaScript:x",
        " javascript:x",
        "&#10;java&#9;script:x",
        "vbscript:x",
        "java&#173;script:x",
        "&#xa0;javascript:x",
    ],
)
@pytest.mark.parametrize("name", ["b", "href", "y:href", "title"])
def test_urls_that_are_scripts_go_from_any_attribute(name, value):
    out = clean(PLAIN, f'<a xmlns:y="urn:y" {name}="{value}" k="v"/>')
    assert elements(out)[0].attributes == {"k": "v"}


def test_hints_and_inclusions_go_wherever_they_stand():
    data = (
        f'<a xmlns:i="{XSI}" xmlns:xi="{XINCLUDE}" xmlns:t="{XSLT}" i:schemaLocation="a b" i:noNamespaceSchemaLocation="c" xml:base="d"><xi:include href="x"/>'
        f'<b t:version="1" xml:base="e" i:schemaLocation="f"/><t:stylesheet/><XI xmlns="{XINCLUDE}"/></a>'
    )
    out = clean(PLAIN, data)
    assert names(out) == ["b"]
    assert [element.attributes for element in elements(out)] == [{}, {f"{{{XSLT}}}version": "1"}]


@pytest.mark.parametrize(
    "data",
    [
        f'<script xmlns="{XHTML}"/>',
        f'<xi:include xmlns:xi="{XINCLUDE}" href="x"/>',
        f'<t:stylesheet xmlns:t="{XSLT}"/>',
        f'<s:iframe xmlns:s="{SVG}"/>',
    ],
)
def test_a_root_that_acts_is_refused(data):
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        sanitizer(PLAIN).clean(data)
    assert caught.value.kind == "root"


def test_doctype_and_pis_go_and_comments_stay_outside_the_root_too():
    data = "<?xml version='1.0'?><!--a--><!DOCTYPE r SYSTEM 'x'><?p q?><r/><!--b--><?s?>\n"
    out = clean(PLAIN, data)
    assert out.replace(b"\n", b"") == b"<!--a--><r/><!--b-->"
    assert rules(PLAIN, data) == [("doctype", "r", "doctype"), ("pi", "p", "pi"), ("pi", "s", "pi")]


def test_signed_documents_keep_every_element_attribute_and_text():
    data = (
        '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0"><saml:Issuer>https://idp/</saml:Issuer>\r\n'
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>\n <ds:Reference URI="#_1"><ds:Transforms/></ds:Reference></ds:SignedInfo>'
        "<ds:SignatureValue>\nAA==\n</ds:SignatureValue></ds:Signature><saml:Subject>a@b<!-- c -->.d &amp;&#13;&#xe9;</saml:Subject></saml:Assertion>"
    )
    assert expat_events(clean(PLAIN, data)) == expat_events(data.encode())


def test_attributes_that_a_dtd_adds_stay_unless_they_act():
    subset = '<!ATTLIST a b CDATA "c" d CDATA "javascript:x" xml:base CDATA "e"><!ENTITY n "v &#38;#60; w">'
    out = clean(PLAIN, f"<!DOCTYPE a [{subset}]><a>&n;</a>")
    assert attributes(out, "a") == {"b": "c"}
    assert text(out) == "v < w"
    assert f"{{{XML}}}base" not in attributes(out, "a")


def test_the_preset_is_no_policy_for_a_page_but_can_be_changed_into_a_stricter_one():
    policy = sanitize.PLAIN.replace(
        comments="drop", namespaces=None, denied_elements=sanitize.PLAIN.denied_elements | {"{*}b"}
    )
    assert clean(policy, "<a><!--x--><b/><c/></a>") == b"<a><c/></a>"
