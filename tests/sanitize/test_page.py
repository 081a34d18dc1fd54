"""Output for a page: html5lib reads the elements and texts that XML parsers read, in the same places."""

import pytest
from cleaning import (
    PNG,
    SVG,
    XHTML,
    attributes,
    elements,
    html_tree,
    names,
    page,
    picture,
    prose,
    rules,
    sanitizer,
    shape,
    text,
)

from forkedenc._errors import PolicyError
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer

pytest.importorskip("html5lib")


def prose_page(body, **options):
    return page(sanitize.XHTML, prose(body), **options)


def picture_page(body, **options):
    return page(sanitize.SVG, picture(body), **options)


NESTS = [
    ("<p>a<p>b</p>c</p>", "<p>abc</p>"),
    ("<p>a<div>b</div>c</p>", "<p>abc</p>"),
    ("<p>a<b>c<div>d</div></b>e</p>", "<p>a<b>cd</b>e</p>"),
    ("<p>a<ul><li>b</li></ul>c</p>", "<p>abc</p>"),
    ("<p>a<table><tr><td>b</td></tr></table>c</p>", None),
    ("<p>a<hr/>b</p>", "<p>ab</p>"),
    ("<p>a<h1>b</h1></p>", "<p>ab</p>"),
    ("<p>a<pre>b</pre></p>", "<p>ab</p>"),
    ('<a href="/x">a<a href="/y">b</a>c</a>', '<a href="/x">abc</a>'),
    ('<a href="/x"><b><i>a<a href="/y">b</a></i></b></a>', '<a href="/x"><b><i>ab</i></b></a>'),
    ('<a href="/x"><p>a</p><div>b</div></a>', '<a href="/x"><p>a</p><div>b</div></a>'),
    ("<li>a</li>", "a"),
    ("<ul><li>a<li>b</li></li></ul>", "<ul><li>ab</li></ul>"),
    ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
    ("<ul>a<li>b</li>c</ul>", "<ul>a<li>b</li>c</ul>"),
    ("<dl><dt>a</dt><dd>b<dt>c</dt></dd></dl><dt>d</dt>", "<dl><dt>a</dt><dd>bc</dd></dl>d"),
    ("<h1>a<h2>b</h2></h1>", "<h1>ab</h1>"),
    ("<h1>a<b>c<h2>b</h2></b></h1>", "<h1>a<b>c<h2>b</h2></b></h1>"),
    ("<table><tr><td>a</td></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
    ("<table><tr/><tr/></table>", "<table><tbody><tr></tr><tr></tr></tbody></table>"),
    ("<table><tr/><thead><tr/></thead><tr/></table>", "<table><tbody><tr></tr></tbody><thead><tr></tr></thead><tbody><tr></tr></tbody></table>"),
    ("<table>a<tbody>b<tr>c<td>d</td>e</tr>f</tbody>g</table>", "<table><tbody><tr><td>d</td></tr></tbody></table>"),
    ("<table> <tbody>\n<tr> <td>d</td> </tr></tbody> </table>", "<table> <tbody>\n<tr> <td>d</td> </tr></tbody> </table>"),
    ("<table><p>a</p><tbody><b/><tr><i>b</i><td>c</td></tr></tbody></table>", "<table><tbody><tr><td>c</td></tr></tbody></table>"),
    ("<table><td>a</td></table>", "<table></table>"),
    ("<table><tbody><td>a</td></tbody></table>", "<table><tbody></tbody></table>"),
    ("<table><table><tr/></table></table>", None),
    ("<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>", None),
    ("<table><tr><td><p>a<p>b</p></p></td></tr></table>", "<table><tbody><tr><td><p>ab</p></td></tr></tbody></table>"),
    ('<a href="/x"><table><tr><td><a href="/y">b</a></td></tr></table></a>', None),
    ("<table><caption>a<p>b</p><table><tr/></table></caption></table>", None),
    ("<table><caption>a</caption><colgroup>x<col/></colgroup><tfoot><tr><th>b</th></tr></tfoot></table>", None),
    ("<table><col/></table><col/><colgroup/><caption>a</caption><tbody/><tr/><td>b</td>", None),
    ("<tr>a</tr><thead>b</thead>", "ab"),
    ("<pre>\na</pre>", "<pre>a</pre>"),
    ("<pre>\n\n\na\n</pre>", "<pre>a\n</pre>"),
    ("<pre>&#10;a</pre>", "<pre>a</pre>"),
    ("<pre> \na</pre>", "<pre> \na</pre>"),
    ("<pre><b>\na</b></pre>", "<pre><b>\na</b></pre>"),
    ("<pre><b/>\na</pre>", "<pre><b></b>\na</pre>"),
    ("<pre><!-- x -->\na</pre>", "<pre>a</pre>"),
    ("<pre>\r\na\r\nb</pre>", "<pre>a\nb</pre>"),
    ("<br>a</br><img>b</img><wbr>c</wbr><hr>d</hr>", "<br/><img/><wbr/><hr/>"),
    ("<ruby>a<rp>(</rp><rt>b<rt>c</rt></rt><rb>d</rb></ruby><rt>e</rt>", "<ruby>a<rp>(</rp><rt>bc</rt><rb>d</rb></ruby>e"),
    ("<b><b><b><b>a</b></b></b></b><i>b</i>", "<b><b><b><b>a</b></b></b></b><i>b</i>"),
    ("<em/><p/><b></b><span/>a", "<em></em><p></p><b></b><span></span>a"),
    ("<center>a<p>b</p></center><font><div>c</div></font>", "a<p>b</p><div>c</div>"),
    ("<p><font>a<div>b</div></font></p>", "<p>ab</p>"),
    ("<p>a &amp;lt; &lt;b&gt; &amp; &quot; &#160; &#13; c</p>", None),
    ("<figure><figcaption><p>a</p></figcaption><div>b</div></figure>", "<figure><figcaption><p>a</p></figcaption><div>b</div></figure>"),
    ("<blockquote><p>a</p>b</blockquote><address><p>c</p></address>", None),
    ("<span><div><p>a</p></div></span>", "<span><div><p>a</p></div></span>"),
]  # fmt: skip


@pytest.mark.parametrize("body, left", NESTS)
def test_what_html_would_move_close_or_put_in_does_not_come_about(body, left):
    out = prose_page(body)
    if left is not None:
        assert out == prose(left).encode()


@pytest.mark.parametrize("body", [body for body, _ in NESTS])
def test_no_text_is_lost_but_between_the_parts_of_tables_and_in_void_elements(body):
    removals = {rule for kind, _, rule in rules(sanitize.XHTML, prose(body), escape_for="html") if kind == "text"}
    out = prose_page(body)
    if not removals and "<td>a</td></table>" not in body and "<pre>" not in body:
        kept = sanitizer(sanitize.XHTML).clean(prose(body)).data
        assert text(out) == text(kept)


def test_a_root_of_any_kind_is_read_as_it_stands():
    for tag in ("p", "h1", "ul", "table", "pre", "a", "span", "section", "b"):
        page(sanitize.XHTML, f'<{tag} xmlns="{XHTML}"/>')
        page(sanitize.XHTML, f'<{tag} xmlns="{XHTML}">a<{tag}>b</{tag}><p>c</p></{tag}>')
    page(sanitize.XHTML, f'<x:div xmlns:x="{XHTML}"><x:p>a</x:p><x:br/></x:div>')


PICTURES = [
    "<title/><desc/><g/><rect/><text/><use/><path/>",
    "<title>&lt;/title&gt;</title><desc>&lt;/desc&gt;</desc>",
    '<linearGradient id="a"/><radialGradient/><clipPath/><textPath/><feGaussianBlur stdDeviation="1"/><foreignObject/>',
    '<svg viewBox="0 0 1 1" preserveAspectRatio="none"><g/></svg>',
    f'<image href="{PNG}"/>',
    '<g id="a"/><use href="#a"/><use xlink:href="#a"/>',
    '<text xml:space="preserve" xml:lang="de">  a  </text>',
    "<style>a{fill:red}</style><style/><rect/>",
    "<!-- a --><?b c?><text><![CDATA[<d>]]></text>",
    '<animate attributeName="fill" values="red;blue" repeatCount="indefinite"/>',
    "<text>a &amp;amp; &lt;b&gt; ]]&gt; &#13; \u2028</text>",
    '<glyph unicode="&lt;"/><font/>',
    "<switch><g/><g/></switch><metadata/>",
]


@pytest.mark.parametrize("body", PICTURES)
def test_a_picture_is_read_as_a_picture(body):
    out = picture_page(body)
    assert b"style>" not in out
    picture_page(body, id_prefix="u-")


def test_a_picture_with_prefixes_is_written_without_them():
    data = f'<s:svg xmlns:s="{SVG}" xmlns:xl="http://www.w3.org/1999/xlink"><s:g id="a"/><s:use xl:href="#a"/><s:title>b</s:title></s:svg>'
    out = page(sanitize.SVG, data)
    assert b"s:" not in out.replace(b"xmlns:", b"")
    assert names(out) == ["g", "use", "title"]


def test_html_reads_xlink_as_the_link_that_xml_reads():
    out = picture_page('<g id="a"/><use xlink:href="#a"/>')
    use = next(node for node in html_tree(out.decode()).iter() if node.tag == f"{{{SVG}}}use")
    assert dict(use.attrib)["{http://www.w3.org/1999/xlink}href"] == "#a"


def test_ids_have_the_prefix_and_references_follow():
    out = picture_page(
        '<g id="location"/><use href="#location"/><rect fill="url(#location)" id="u-x"/><use href="#x"/>',
        id_prefix="u-",
    )
    found = [element.attributes for element in elements(out)[1:]]
    assert found == [
        {"id": "u-location"},
        {"href": "#u-location"},
        {"fill": "url(#u-location)", "id": "u-x"},
        {"href": "#u-x"},
    ]


def test_two_documents_share_a_page_with_two_prefixes():
    body = '<g id="a"/><use href="#a"/>'
    one, two = (picture_page(body, id_prefix=prefix) for prefix in ("one-", "two-"))
    seen = [node.get("id") for node in html_tree((one + two).decode()).iter() if node.get("id")]
    assert sorted(seen) == ["around", "one-a", "two-a"]


def test_what_is_changed_for_a_page_is_told():
    report = (
        Sanitizer(sanitize.XHTML, escape_for="html")
        .clean(prose("<p>a<p>b</p></p><table>c<tr/></table><pre>\nd</pre>"))
        .report
    )
    assert [(removal.kind, removal.name, removal.rule) for removal in report.removals] == [
        ("element", "p", "html"),
        ("text", "table", "html"),
    ]
    assert report.changed
    assert Sanitizer(sanitize.XHTML, escape_for="html").clean(prose("<table><tr/></table>")).report.changed


@pytest.mark.parametrize("given", ["HTML", "xml", "", True, 1])
def test_escape_for_knows_html_only(given):
    with pytest.raises(PolicyError):
        Sanitizer(sanitize.SVG, escape_for=given)


@pytest.mark.parametrize("given", ["", "1a", "-a", "a b", "a:b", "é", "a#", 1, True, "a\n"])
def test_a_prefix_must_begin_an_id(given):
    with pytest.raises(PolicyError):
        Sanitizer(sanitize.SVG, id_prefix=given)


def test_html_itself_agrees_on_a_tree_of_everything():
    out = prose_page("".join(body for body, _ in NESTS))
    tree = html_tree(out.decode())
    assert shape(tree)[0] == f"{{{XHTML}}}body"
    assert attributes(out, "div") == {}
