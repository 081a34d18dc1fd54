"""What sanitizers have been tricked with, one test a hazard; the output is read by expat, libxml2 and html5lib."""

import pytest
from cleaning import (
    PNG,
    SVG,
    XHTML,
    XINCLUDE,
    XLINK,
    XML,
    XSI,
    XSLT,
    active,
    active_in,
    attributes,
    checked,
    clean,
    cleaned_picture,
    cleaned_prose,
    elements,
    expansion,
    expat_events,
    html_tree,
    lxml_events,
    names,
    page,
    picture,
    prose,
    text,
)

import forkedenc
from forkedenc import xml
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN, Sanitizer

# --- a second reading gives the same ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "<x::Root/>",
        "<Root ::attr='1'/>",
        "<Root :=':v'/>",
        "<:a/>",
        "<a:/>",
        '<a::b xmlns:a="u"/>',
        '<x:y:z xmlns:x="u"/>',
        "<a xmlns:='u'/>",
        "<a xmlns::p='u'/>",
    ],
)
def test_a_name_with_an_empty_or_second_prefix_is_refused(data):
    with pytest.raises(xml.ParseError):
        Sanitizer(PLAIN).clean(data)


@pytest.mark.parametrize(
    "subset",
    [
        "<!DOCTYPE x [<!-- ]> -->]>",
        "<!DOCTYPE x [<?p ]> ?>]>",
        "<!DOCTYPE x [<!ENTITY e ']>'>]>",
        "<!DOCTYPE x SYSTEM ']>' []>",
        "<!DOCTYPE x [<!-- \"' --><!ATTLIST x a CDATA '&#62;'>]>",
    ],
)
def test_a_doctype_ends_where_expat_ends_it_whatever_is_quoted_in_it(subset):
    out = clean(PLAIN, f"{subset}<x><y/></x>")
    assert names(out) == ["y"]
    assert b"]" not in out


def test_a_second_default_namespace_of_one_tag_is_refused():
    with pytest.raises(xml.ParseError):
        Sanitizer(PLAIN).clean('<a xmlns="u" xmlns="v"/>')


@pytest.mark.parametrize(
    "body",
    [
        "a&#13;b&#10;c\r\nd\re&#9;f",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&amp;lt;b&amp;gt; &amp;amp;amp;",
        "<![CDATA[<b>]]&gt;]]> ]]&gt; <![CDATA[]]]]><![CDATA[>]]>",
        "\u2028\u0085\ufffd\U0001f600",
        "<b c='&#13;&#10;&#9; &quot;&apos;&lt;'/>",
    ],
)
def test_text_and_values_come_through_two_readings_as_they_were(body):
    data = f"<a>{body}</a>"
    out = clean(PLAIN, data)
    plain = [event for event in expat_events(data.encode()) if event[0] in ("start", "end", "text")]
    assert expat_events(out) == plain


# --- comments and PIs do not cut text -----------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["<!-- -->", "<?p?>", "<!----><!---->", "<![CDATA[]]>"])
def test_no_comment_or_pi_is_left_that_would_end_a_name_early_for_some_reader(between):
    policy = PLAIN.replace(comments="drop")
    out = clean(policy, f"<n>user@a.com{between}.evil.com</n>")
    assert out == b"<n>user@a.com.evil.com</n>"


def test_a_comment_that_a_policy_keeps_stays_where_it_is():
    assert clean(PLAIN, "<n>a<!-- x -->b</n>") == b"<n>a<!-- x -->b</n>"


@pytest.mark.parametrize(
    "body", ["x.<b/>y", "&lt;<!-- -->script&gt;", "&lt;<?p?>script&gt;", "&lt;<script/>img onerror=x&gt;"]
)
def test_markup_is_not_put_together_from_the_text_around_what_goes(body):
    feed = f'<rss version="2.0"><channel><item><description>{body}</description></item></channel></rss>'
    assert "<" not in text(clean(sanitize.FEED, feed))


# --- one form that every parser reads alike -----------------------------------------------------------------------


def test_output_is_utf_8_without_declaration_doctype_or_cdata_in_double_quotes():
    data = f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!DOCTYPE svg>\n<svg  xmlns = '{SVG}'\n><text x = '1'\t><![CDATA[<é>]]></text ></svg >\n<!-- -->"
    assert clean(sanitize.SVG, data) == f'<svg xmlns="{SVG}"><text x="1">&lt;é&gt;</text></svg>'.encode()


def test_prefixes_are_declared_wherever_they_were_and_not_renamed():
    data = f'<s:svg xmlns:s="{SVG}" xmlns:xl="{XLINK}"><s:g id="a"/><g xmlns="{SVG}"><s:use xl:href="#a"/></g></s:svg>'
    assert clean(sanitize.SVG, data) == data.encode()


def test_what_an_unwrapped_element_declared_is_declared_where_it_is_needed():
    data = f'<svg xmlns="{SVG}"><s:a xmlns:s="{SVG}" xmlns:xl="{XLINK}"><s:g id="a"/><s:use xl:href="#a"/></s:a></svg>'
    out = clean(sanitize.SVG, data)
    assert [element.name for element in elements(out)][1:] == [f"{{{SVG}}}g", f"{{{SVG}}}use"]
    assert attributes(out, "use") == {f"{{{XLINK}}}href": "#a"}


def test_a_declaration_of_an_unwrapped_element_does_not_move_its_children_into_another_namespace():
    policy = PLAIN.replace(unwrapped_elements={"{urn:gone}w"})
    out = clean(policy, '<a xmlns="urn:a"><w xmlns="urn:gone"><b/><c xmlns=""/></w><d/></a>')
    assert [element.name for element in elements(out)] == ["{urn:a}a", "{urn:gone}b", "c", "{urn:a}d"]


# --- names are judged by namespace --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
        f'<a xmlns:n2="{XLINK}" xmlns:xlink="{XLINK}" n2:href="#a" xlink:href="javascript:x"/>',
        '<a b="1" b="2"/>',
    ],
)
def test_two_attributes_that_are_one_once_prefixes_are_read_are_refused(data):
    with pytest.raises(xml.ParseError):
        Sanitizer(PLAIN).clean(data)


@pytest.mark.parametrize(
    "body",
    [
        f'<x:script xmlns:x="{SVG}">alert(1)</x:script>',
        f'<a xmlns="{XHTML}"><script>alert(1)</script></a>',
        f'<html:script xmlns:html="{XHTML}">alert(1)</html:script>',
        f'<g xmlns="{XHTML}"><img src="x" onerror="alert(1)"/></g>',
        f'<g xmlns:svg="{XHTML}"><svg:script>alert(1)</svg:script></g>',
        '<script xmlns="">alert(1)</script>',
        "<SCRIPT>alert(1)</SCRIPT>",
        f'<ScRiPt xmlns="{SVG}">alert(1)</ScRiPt>',
        '<g xmlns="urn:x"><script>alert(1)</script></g>',
        "<foreignobject>alert(1)</foreignobject>",
    ],
)
def test_a_script_goes_in_whatever_namespace_prefix_or_case_it_comes(body):
    out = cleaned_picture(f"<g>{body}</g><rect/>")
    assert not active_in(out)
    assert b"alert" not in out
    assert names(out)[-1] == "rect"


@pytest.mark.parametrize(
    "data",
    [
        '<a xmlns:xml="urn:x"/>',
        f'<a xmlns:p="{XML}"/>',
        f'<a xmlns="{XML}"/>',
        '<a xmlns:xmlns="urn:x"/>',
        '<a xmlns:p="http://www.w3.org/2000/xmlns/"/>',
        '<a xmlns:p=""/>',
    ],
)
def test_reserved_prefixes_cannot_be_bound_to_something_else(data):
    with pytest.raises(xml.ParseError):
        Sanitizer(PLAIN).clean(data)


def test_an_element_taken_out_of_the_default_namespace_is_not_of_it():
    assert names(cleaned_picture('<g xmlns=""><rect/></g><rect/>')) == ["rect"]


def test_declarations_of_other_namespaces_go_with_what_used_them():
    out = clean(
        sanitize.SVG, f'<svg xmlns="{SVG}" xmlns:i="urn:inkscape" i:label="x"><i:page/><g i:x="1" xmlns:j="u"/></svg>'
    )
    assert out == f'<svg xmlns="{SVG}"><g/></svg>'.encode()


def test_an_attribute_of_another_namespace_is_not_the_one_without():
    out = clean(
        sanitize.SVG,
        f'<svg xmlns="{SVG}" xmlns:s="{SVG}" xmlns:x="{XLINK}"><use s:href="#a" x:HREF="#a"/><rect s:fill="red" fill="red"/></svg>',
    )
    assert attributes(out, "use") == {}
    assert attributes(out, "rect") == {"fill": "red"}


# --- characters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-7",
        "UTF-7",
        "unicode_escape",
        "raw_unicode_escape",
        "hz",
        "iso-2022-jp",
        "utf-32",
        "cp037",
        "ucs-4",
        "punycode",
        "idna",
        "x-user-defined",
    ],
)
def test_a_declared_encoding_in_which_markup_could_hide_is_refused(encoding):
    data = f'<?xml version="1.0" encoding="{encoding}"?><a>+ADw-script/+AD4- \\x3cscript/\\x3e ~{{</a>'.encode()
    with pytest.raises(forkedenc.DecodeError):
        Sanitizer(PLAIN).clean(data)


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf<?xml version="1.0" encoding="iso-8859-1"?><a/>',
        '\ufeff<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        "<a/>".encode("utf-32"),
        "<a/>".encode("cp037"),
        b"<a>\xff</a>",
        b"<a>\xc0\xbcscript/\xc0\xbe</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<a>&#xD800;</a>",
        b"<a>&#0;</a>",
        b"<a>\x0b</a>",
        b"<a>\xef\xbf\xbf</a>",
    ],
)
def test_bytes_that_are_not_what_they_say_are_refused(data):
    with pytest.raises(forkedenc.DecodeError):
        Sanitizer(PLAIN).clean(data)


# --- a page that takes the picture in -----------------------------------------------------------------------------

MUTATIONS = [
    "<title>&lt;/title&gt;&lt;img src=x onerror=alert(1)&gt;</title>",
    "<desc>&lt;img src=x onerror=alert(1)&gt;</desc>",
    "<style>&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;</style>",
    "<style><![CDATA[</style><img src=x onerror=alert(1)>]]></style>",
    "<style>/*<![CDATA[*/a{fill:red}/*]]>*/</style>",
    "<text>&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;</text>",
    "<text><![CDATA[]]]]><![CDATA[><img src=x onerror=alert(1)>]]></text>",
    "<!--><img src=x onerror=alert(1)>--><rect/>",
    "<!-- !><img src=x onerror=alert(1)> --><rect/>",
    '<rect class="&lt;/svg&gt;&lt;img src=x onerror=alert(1)&gt;"/>',
    '<text aria-label="&#96;&lt;img src=x onerror=alert(1)&gt;&quot; x=&apos;"/>',
    f'<foreignObject><p xmlns="{XHTML}"><style>&lt;!--</style><img title="--&gt;&lt;img src=x onerror=alert(1)&gt;"/></p></foreignObject>',
    f'<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:annotation-xml encoding="text/html"><style xmlns="{XHTML}"><img onerror="alert(1)"/></style></m:annotation-xml></m:math>',
    f'<desc><noscript xmlns="{XHTML}"><img src="x" onerror="alert(1)"/></noscript></desc>',
    "<mglyph/><malignmark/><p/><b/><table/>",
    "<title><![CDATA[</title><script>alert(1)</script>]]></title>",
]


@pytest.mark.parametrize("body", MUTATIONS)
def test_a_picture_does_not_turn_into_something_else_inside_a_page(body):
    pytest.importorskip("html5lib")
    page(sanitize.SVG, picture(body))


@pytest.mark.parametrize("body", MUTATIONS)
def test_a_picture_that_was_not_made_for_a_page_is_inert_there_all_the_same(body):
    pytest.importorskip("html5lib")
    out = cleaned_picture(body)
    assert not active_in(out)
    tree = html_tree(out.decode())
    assert not active([(node.tag, dict(node.attrib)) for node in tree.iter() if isinstance(node.tag, str)], local=True)


@pytest.mark.parametrize(
    "body",
    [
        "<p>&lt;img src=x onerror=alert(1)&gt;</p>",
        "<title>&lt;/title&gt;</title><textarea>&lt;/textarea&gt;&lt;b&gt;</textarea><p>x</p>",
        "<xmp>&lt;/xmp&gt;&lt;img/&gt;</xmp><noscript><img/></noscript><p>x</p>",
        '<p title="&lt;/p&gt;&lt;script&gt;">x</p>',
        "<p><![CDATA[<script>alert(1)</script>]]></p><!--><script>alert(1)</script>--> ",
        f'<svg xmlns="{SVG}"><style><a title="&lt;/style&gt;&lt;img&gt;"/></style></svg><p>x</p>',
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mtext><table><mglyph><style/></mglyph></table></mtext></math><p>x</p>',
        "<form><form><p>x</p></form></form><select><option>y</option></select>",
        "<font color='red'>x</font><center>y</center><nobr>z</nobr>",
    ],
)
def test_prose_does_not_turn_into_something_else_inside_a_page(body):
    pytest.importorskip("html5lib")
    page(sanitize.XHTML, prose(body))


# --- where a URL can stand ----------------------------------------------------------------------------------------

SCRIPTS = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "&#1;javascript:alert(1)"[4:], "java&#9;script:alert(1)", "java&#10;script:alert(1)",
    "java&#13;script:alert(1)", "&#106;avascript:alert(1)", "javascript&#58;alert(1)", "javascript &#58;alert(1)", "vbscript:x", "livescript:x", "data:text/html,x",
    "data:image/svg+xml,x", "data:image/svg+xml;base64,x", "data:,x", "data:text/xml,x", "DATA:text/html,x", "file:///etc/passwd", "java&#173;script:x", "&#8203;javascript:x",
    "&#65279;javascript:x", "&#133;javascript:x", "view-source:javascript:x", "blob:x", "filesystem:x", "about:blank",
]  # fmt: skip
OUTSIDE = [
    "http://e/",
    "https://e/",
    "//e/",
    "/\\e/",
    "\\\\e\\",
    "/&#9;/e/",
    "HTTP://e/",
    "ftp://e/",
    "e.svg#a",
    "?q",
    "/x",
    " //e/",
    "./x#a",
]


@pytest.mark.parametrize("url", SCRIPTS + OUTSIDE)
def test_no_reference_of_a_picture_leads_outside(url):
    sinks = [
        f'<use href="{url}"/>', f'<use xlink:href="{url}"/>', f'<image href="{url}"/>', f'<feImage href="{url}"/>', f'<linearGradient xlink:href="{url}"/>',
        f'<textPath href="{url}"/>', f'<mpath xlink:href="{url}"/>', f'<pattern href="{url}"/>', f'<filter xlink:href="{url}"/>', f'<rect src="{url}"/>', f'<a href="{url}"><rect/></a>',
        f'<set attributeName="href" to="{url}"/>', f'<set attributeName="xlink:href" to="{url}"/>', f'<animate attributeName="fill" from="{url}" to="{url}" by="{url}" values="{url};{url}"/>',
        f'<handler xlink:href="{url}"/>', f'<rect fill="url({url})" mask="url(\'{url}\')"/>', f'<rect style="fill:url({url})"/>', f"<style>rect{{fill:url({url})}}</style>",
        f'<rect xml:base="{url}"/>', f'<svg xml:base="{url}"><use href="#a"/></svg>',
    ]  # fmt: skip
    out = cleaned_picture("".join(sinks))
    assert not active_in(out)


@pytest.mark.parametrize("url", SCRIPTS)
def test_no_link_of_prose_or_of_a_feed_runs_a_script(url):
    out = cleaned_prose(f'<a href="{url}">x</a><img src="{url}" alt=""/><q cite="{url}">y</q>')
    assert not active_in(out, local=False)
    assert [element.attributes for element in elements(out)] == [{}, {}, {"alt": ""}, {}]
    feed = f'<rss version="2.0"><channel><link>{url}</link><item><enclosure url="{url}"/><guid>{url}</guid></item></channel></rss>'
    out = clean(sanitize.FEED, feed)
    assert not active_in(out, local=False)
    assert not text(out).strip() or text(out) in ("view-source:javascript:x", "blob:x", "filesystem:x", "about:blank")


def test_links_of_a_picture_stay_only_with_the_schemes_that_were_asked_for():
    body = "".join(f'<a href="{url}"><g/></a>' for url in [*SCRIPTS, *OUTSIDE])
    out = cleaned_picture(body, links=["https"])
    links = {element.attributes.get("href") for element in elements(out) if element.local == "a"}
    assert links == {"https://e/", None}


def test_an_embedded_raster_picture_stays():
    assert attributes(cleaned_picture(f'<image href="{PNG}" width="1" height="1"/>'), "image")["href"] == PNG


# --- style --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "declaration",
    [
        "fill:url(http://e/)", "fill:u\\72l(http://e/)", "fill:\\75rl(//e/)", "fill:url(/**/http://e/)", "fill:/**/url(http://e/)", "fill:URL('http://e/')", 'fill:url( "//e/" )',
        "width:expression(alert(1))", "-moz-binding:url(#x)", "behavior:url(#x)", "position:fixed", "pos\\69tion:fixed", 'fill:src("http://e/")', 'mask:image-set("http://e/" 1x)',
        "--x:url(http://e/)", "fill:var(--x)", "fill:attr(href url)", "fill:env(x)", "background:url(http://e/)", "fill:url(#a) url(http://e/)",
        "fill:url(http://e/", 'fill:"\\\nurl(http://e/)', "filter:url(data:image/svg+xml,x#a)", "cursor:url(http://e/),auto", "fill:url(#a\\)http://e/)",
    ],
)  # fmt: skip
def test_a_style_fetches_runs_and_moves_nothing_wherever_it_stands(declaration):
    quoted = declaration.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    name, _, value = quoted.partition(":")
    bodies = [
        f'<rect style="{quoted}"/>',
        f'<rect style="stroke:red;{quoted};fill:red"/>',
        f"<style>rect{{{quoted}}}</style><rect/>",
    ]
    bodies += [f"<style>a{{fill:red}}rect{{stroke:red;{quoted};fill:red}}b{{fill:red}}</style><rect/>"]
    bodies += [f'<rect {name}="{value}"/>'] if name.isalpha() else []
    for body in bodies:
        out = cleaned_picture(body)
        assert not active_in(out)
        assert names(out)[-1] == "rect"


# --- what a DTD brings in -----------------------------------------------------------------------------------------


def test_attributes_that_a_dtd_adds_are_judged_like_written_ones():
    subset = f'<!ATTLIST rect onload CDATA "x" fill CDATA "red"><!ATTLIST use xlink:href CDATA "http://e/"><!ATTLIST svg xmlns:xlink CDATA "{XLINK}">'
    out = clean(sanitize.SVG, f'<!DOCTYPE svg [{subset}]><svg xmlns="{SVG}"><rect/><use/></svg>')
    assert not active_in(out)
    assert attributes(out, "rect") == {"fill": "red"}
    assert attributes(out, "use") == {}


def test_an_entity_that_holds_markup_is_judged_where_it_is_used():
    out = clean(
        sanitize.SVG,
        f'<!DOCTYPE svg [<!ENTITY e "<script>alert(1)</script><rect onload=\'x\'/>y">]><svg xmlns="{SVG}"><g>&e;</g></svg>',
    )
    assert names(out) == ["g", "rect"]
    assert text(out) == "y"
    assert not active_in(out)


def test_many_defaulted_attributes_cross_the_limit_of_attributes():
    subset = "".join(f'<!ATTLIST a b{number} CDATA "x">' for number in range(1001))
    with pytest.raises(forkedenc.LimitError) as caught:
        Sanitizer(PLAIN).clean(f"<!DOCTYPE a [{subset}]><a/>")
    assert caught.value.limit == "max_attributes"


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY % p SYSTEM "http://e/"> %p;',
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        '<!ENTITY e PUBLIC "x" "http://e/">',
        '<!NOTATION n SYSTEM "http://e/"><!ENTITY e SYSTEM "x" NDATA n>',
    ],
)
def test_nothing_outside_is_read_for_a_dtd(subset):
    out = clean(PLAIN, f"<!DOCTYPE a [{subset}]><a>x</a>")
    assert out == b"<a>x</a>"
    assert clean(PLAIN, '<!DOCTYPE a SYSTEM "http://e/"><a>x&e;y</a>') == b"<a>xy</a>"


@pytest.mark.parametrize("policy", ["SVG", "XHTML", "FEED", "PLAIN", "SOAP"])
@pytest.mark.parametrize("target", ["xml-stylesheet", "xslt", "php", "oxygen"])
def test_processing_instructions_go(policy, target):
    root = {
        "SVG": picture("{}"),
        "XHTML": prose("{}"),
        "FEED": '<rss version="2.0">{}</rss>',
        "PLAIN": "<a>{}</a>",
        "SOAP": '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">{}</e:Envelope>',
    }[policy]
    pi = f'<?{target} href="http://e/x.xsl" type="text/xsl"?>'
    out = clean(getattr(sanitize, policy), pi + root.replace("{}", pi) + pi)
    assert b"<?" not in out


def test_xinclude_xslt_and_hints_of_schemas_go():
    data = (
        f'<r xmlns:xi="{XINCLUDE}" xmlns:t="{XSLT}" xmlns:i="{XSI}" i:schemaLocation="u http://e/" i:noNamespaceSchemaLocation="http://e/" i:type="x" xml:base="http://e/">'
        '<xi:include href="file:///etc/passwd"><xi:fallback>x</xi:fallback></xi:include><t:stylesheet version="1.0"><t:template/></t:stylesheet><k/></r>'
    )
    out = clean(PLAIN, data)
    assert names(out) == ["k"]
    assert elements(out)[0].attributes == {f"{{{XSI}}}type": "x"}


def test_ids_of_a_stranger_do_not_stand_for_those_of_the_page():
    out = cleaned_prose('<p id="login" name="login" xml:id="x">y</p>')
    assert attributes(out, "p") == {}
    assert f"{{{XML}}}id" not in attributes(cleaned_picture('<g id="a" xml:id="b"/>'), "g")


# --- what costs more than it weighs -------------------------------------------------------------------------------


def laughs(levels, width):
    body = '<g id="l0"><rect/></g>'
    for level in range(1, levels):
        body += f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * width + "</g>"
    return picture(body + f'<use href="#l{levels - 1}"/>')


def test_use_does_not_laugh_a_thousand_million_times():
    data = laughs(10, 10)
    assert len(data) < 2600
    try:
        out = clean(sanitize.SVG, data)
    except forkedenc.DecodeError:
        return
    assert expansion(out) <= 100_000


def test_entities_do_not_laugh_a_thousand_million_times():
    subset = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    with pytest.raises(forkedenc.LimitError):
        Sanitizer(PLAIN).clean(f"<!DOCTYPE a [{subset}]><a>&e9;</a>")


@pytest.mark.parametrize(
    "body",
    [
        '<filter id="f" width="1e9" height="1e9"/>',
        '<filter id="f" x="-1e9%"/>',
        '<feGaussianBlur stdDeviation="1e9"/>',
        '<feTurbulence numOctaves="1000000"/>',
        '<feMorphology radius="1e9"/>',
        '<feConvolveMatrix order="1000"/>',
        '<feDropShadow stdDeviation="1e9"/>',
        '<pattern width="1e9"/>',
        '<mask height="1e9"/>',
        '<svg width="1e9" height="99999999px"/>',
        '<image width="1e9"/>',
    ],
)
def test_what_costs_a_renderer_by_its_number_is_capped(body):
    out = cleaned_picture(body)
    assert set(elements(out)[1].attributes) <= {"id"}


def test_ten_thousand_empty_elements_take_no_more_output_than_input():
    data = f'<svg xmlns="{SVG}">{"<g/>" * 10_000}</svg>'.encode()
    assert clean(sanitize.SVG, data) == data


# --- what a writer could be made to write -------------------------------------------------------------------------


def test_what_html_text_gives_is_text_and_no_markup():
    sanitizer = Sanitizer(sanitize.FEED, html_text=lambda _: "</description><evil/><!--")
    out = checked(
        sanitizer, '<rss version="2.0"><channel><description>&lt;b&gt;</description></channel></rss>', again=False
    ).data
    assert text(out) == "</description><evil/><!--"


@pytest.mark.parametrize("given", ["\x00", "\x01", "\ud800", "\ufffe", "\x0b"])
def test_what_html_text_gives_must_be_characters_that_xml_has(given):
    sanitizer = Sanitizer(sanitize.FEED, html_text=lambda _: given)
    with pytest.raises(ValueError):
        sanitizer.clean('<rss version="2.0"><channel><description>&lt;b&gt;</description></channel></rss>')


def test_escaped_elements_are_text_and_their_names_break_nothing():
    policy = sanitize.SVG.replace(on_unknown_element="escape")
    out = clean(policy, picture("<text><b.c-d>x<script>y</script></b.c-d></text>"))
    assert text(out) == "<b.c-d>x</b.c-d>"
    assert names(out) == ["text"]
    assert lxml_events(out)
