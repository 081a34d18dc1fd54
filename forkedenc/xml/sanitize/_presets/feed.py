"""FEED: RSS 0.9x, 1.0 and 2.0, Atom, and the modules that real feeds use.

Links are http and https, wherever a format has them, in attributes and as text. Text in which the formats allow markup
goes when it has any, unless ``html_text=`` cleans it; other text goes when it has a ``<``. XHTML goes by the preset XHTML.
"""

from __future__ import annotations

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._presets import xhtml
from forkedenc.xml.sanitize._presets._draft import XHTML_URI, XML_URI, Draft, names
from forkedenc.xml.sanitize._values import Keyword, Numbers, Pattern, Text, Url, Words

__all__ = ["policy"]

ATOM = "http://www.w3.org/2005/Atom"
ATOM_0_3 = "http://purl.org/atom/ns#"
RSS_1_0 = "http://purl.org/rss/1.0/"
RSS_0_90 = "http://my.netscape.com/rdf/simple/0.9/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
MEDIA = "http://search.yahoo.com/mrss/"
MEDIA_VARIANT = "http://search.yahoo.com/mrss"  # as many feeds write it
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
ITUNES_VARIANT = "http://www.itunes.com/DTDs/Podcast-1.0.dtd"
GEORSS = "http://www.georss.org/georss"
GML = "http://www.opengis.net/gml"
GEO = "http://www.w3.org/2003/01/geo/wgs84_pos#"
THREAD = "http://purl.org/syndication/thread/1.0"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
WFW = "http://wellformedweb.org/CommentAPI/"
SYNDICATION = "http://purl.org/rss/1.0/modules/syndication/"
NAMESPACES = frozenset({
    ATOM, ATOM_0_3, RSS_1_0, RSS_0_90, RDF, CONTENT, DC, DCTERMS, MEDIA, MEDIA_VARIANT, ITUNES, ITUNES_VARIANT, GEORSS, GML, GEO, THREAD, SLASH, WFW, SYNDICATION,
    XHTML_URI,
})  # fmt: skip

MAX_URL = 8192
LINK = Url(schemes=frozenset({"http", "https"}), max_bytes=MAX_URL)
# Names of things, which some readers follow as links: no scheme that runs or opens anything.
NAME = Text(
    refused_schemes=frozenset({"javascript", "vbscript", "livescript", "mocha", "data", "file"}), max_bytes=MAX_URL
)
ENTRY = Url(schemes=frozenset({"http", "https", "urn", "tag"}), max_bytes=MAX_URL)
PLAIN_TEXT = Pattern(regex=r"[^<]*")
TYPE = Pattern(
    regex=r"\s*[A-Za-z0-9!#$&^_.+-]+(?:/[A-Za-z0-9!#$&^_.+*-]+)?(?:\s*;[A-Za-z0-9!#$&^_.+=\x22 -]*)*\s*", max_bytes=256
)
LANGUAGE = Pattern(regex=r"[A-Za-z0-9-]{0,64}")
LABEL = Words(max_bytes=1024)
COUNT = Numbers(minimum=0)


def _group(
    draft: Draft,
    reason: str,
    uri: str,
    *,
    structure: str = "",
    text: str = "",
    html: str = "",
    links: str = "",
    ids: str = "",
) -> None:
    """The elements of one vocabulary, by what they hold."""
    draft.elements(reason, names(uri, f"{structure} {text} {html} {links} {ids}"))
    draft.settings["html_text_elements"] = draft.settings.get("html_text_elements", frozenset()) | names(uri, html)
    draft.settings["link_elements"] = draft.settings.get("link_elements", frozenset()) | names(uri, links)
    if links:
        draft.text("a reader follows it: the web only", names(uri, links), LINK)
    if ids:
        draft.text("some readers follow it: nothing that runs", names(uri, ids), NAME)
    if text:
        draft.text("the format has no markup here, but readers may show it as such", names(uri, text), PLAIN_TEXT)


def _rss(draft: Draft) -> None:
    versions = (("", "RSS 0.91 to 2.0"), (RSS_1_0, "RSS 1.0"), (RSS_0_90, "RSS 0.90"))
    for uri, version in versions:
        _group(
            draft, version, uri,
            structure="rss channel item image textInput textinput skipHours skipDays items cloud enclosure",
            text="language copyright managingEditor webMaster pubDate lastBuildDate category generator ttl rating name hour day author width height source",
            html="title description",
            links="link url docs comments",
            ids="guid",
        )  # fmt: skip
        draft.allow("RSS 2.0, the element rss", names(uri, "rss"), {"version": Pattern(regex=r"[0-9.]{1,8}")})
        draft.allow(
            "RSS 2.0, the element guid",
            names(uri, "guid"),
            {"isPermaLink": Keyword(words=frozenset({"true", "false"}))},
        )
        draft.allow("RSS 2.0, the element category", names(uri, "category"), {"domain": LABEL})
        draft.allow("where an item is from", names(uri, "source"), {"url": LINK})
        draft.allow(
            "a file to fetch, from the web", names(uri, "enclosure"), {"url": LINK, "length": COUNT, "type": TYPE}
        )
        draft.allow("RSS 2.0, the element cloud", names(uri, "cloud"), {
            "domain": Pattern(regex=r"[A-Za-z0-9.-]{1,255}"), "port": Numbers(minimum=0, maximum=65535), "path": Pattern(regex=r"/[A-Za-z0-9/._-]{0,255}"),
            "registerProcedure": Pattern(regex=r"[A-Za-z0-9._-]{0,256}"), "protocol": Keyword(words=frozenset({"xml-rpc", "soap", "http-post"})),
        })  # fmt: skip
    draft.elements("the root and lists of RSS 0.90 and 1.0", names(RDF, "RDF Seq Bag li"))
    resource = f"{{{RDF}}}about {{{RDF}}}resource resource"
    described = (
        names(RSS_1_0, "channel item image textinput")
        | names(RSS_0_90, "channel item image textinput")
        | names(RDF, "li")
    )
    draft.allow("RSS 1.0, section 5: what is described is named by its URL", described, {resource: LINK})


def _atom(draft: Draft) -> None:
    _group(
        draft, "RFC 4287", ATOM,
        structure="feed entry author contributor category link source",
        text="name email updated published generator",
        html="title subtitle summary content rights",
        links="uri icon logo",
        ids="id",
    )  # fmt: skip
    draft.settings["link_elements"] |= names(ATOM, "link content")
    draft.allow(
        "RFC 4287, section 3.1: what the text is", names(ATOM, "title subtitle summary content rights"), {"type": TYPE}
    )
    draft.allow("RFC 4287, section 4.1.3.2: content from elsewhere, of the web", names(ATOM, "content"), {"src": LINK})
    draft.allow("RFC 4287, section 4.2.7: the web only", names(ATOM, "link"), {
        "href": LINK, "rel": LABEL, "type": TYPE, "hreflang": LANGUAGE, "title": xhtml.CAPTION, "length": COUNT,
        f"{{{THREAD}}}count": COUNT, f"{{{THREAD}}}updated": LABEL,
    })  # fmt: skip
    draft.allow(
        "RFC 4287, section 4.2.2",
        names(ATOM, "category"),
        {"term": LABEL, "scheme": LINK, "label": xhtml.CAPTION},
    )
    draft.allow("RFC 4287, section 4.2.4", names(ATOM, "generator"), {"uri": LINK, "version": LABEL})
    _group(
        draft, "Atom 0.3, which old feeds have", ATOM_0_3,
        structure="feed entry author contributor link",
        text="name email modified issued created generator",
        html="title tagline info summary content copyright",
        links="url",
        ids="id",
    )  # fmt: skip
    draft.settings["link_elements"] |= names(ATOM_0_3, "link")
    draft.allow("Atom 0.3, section 3.1: what the text is; text in base64 could be anything", names(ATOM_0_3, "title tagline info summary content copyright"), {
        "type": TYPE, "mode": Keyword(words=frozenset({"xml", "escaped"})),
    })  # fmt: skip
    draft.allow(
        "Atom 0.3, section 3.4: the web only",
        names(ATOM_0_3, "link"),
        {"href": LINK, "rel": LABEL, "type": TYPE, "title": xhtml.CAPTION},
    )
    draft.allow("Atom 0.3, section 4.8", names(ATOM_0_3, "generator"), {"url": LINK, "version": LABEL})
    draft.allow("Atom 0.3, section 4.1.1", names(ATOM_0_3, "feed"), {"version": Pattern(regex=r"[0-9.]{1,8}")})
    _group(draft, "RFC 4685: answers to entries", THREAD, structure="in-reply-to", text="total")
    draft.allow("RFC 4685, section 3", names(THREAD, "in-reply-to"), {"ref": ENTRY, "href source": LINK, "type": TYPE})


def _modules(draft: Draft) -> None:
    _group(draft, "the module content of RSS", CONTENT, html="encoded")
    _group(
        draft, "Dublin Core 1.1", DC,
        text="contributor coverage creator date format language publisher subject type", html="title description rights", ids="identifier relation source",
    )  # fmt: skip
    _group(
        draft,
        "Dublin Core terms",
        DCTERMS,
        text="created modified issued valid available dateAccepted dateCopyrighted dateSubmitted creator publisher subject",
        html="abstract",
    )
    _group(draft, "RSS module slash", SLASH, text="comments section department hit_parade")
    _group(draft, "the comment API of wellformedweb", WFW, links="comment commentRss commentRSS")
    _group(draft, "RSS module syndication", SYNDICATION, text="updatePeriod updateFrequency updateBase")
    for uri in (ITUNES, ITUNES_VARIANT):
        _group(
            draft, "podcasts: Apple's module itunes", uri,
            structure="owner image category", text="author block explicit complete name email duration order keywords type episode season episodeType isClosedCaptioned",
            html="title subtitle summary", links="new-feed-url",
        )  # fmt: skip
        draft.allow("podcasts: Apple's module itunes", names(uri, "image"), {"href": LINK})
        draft.allow("podcasts: Apple's module itunes", names(uri, "category"), {"text": LABEL})
    _group(
        draft, "places: GeoRSS", GEORSS,
        structure="where", text="point line polygon box circle elev floor radius featurename featuretypetag relationshiptag",
    )  # fmt: skip
    draft.allow(
        "places: GeoRSS",
        f"{{{GEORSS}}}*",
        {"elev floor radius": Numbers(), "featurename featuretypetag relationshiptag": LABEL},
    )
    _group(
        draft,
        "places: GeoRSS in GML",
        GML,
        structure="Point LineString Polygon exterior interior LinearRing Envelope",
        text="pos posList lowerCorner upperCorner",
    )
    draft.allow("places: GeoRSS in GML", f"{{{GML}}}*", {"srsName": LABEL, "srsDimension": COUNT})
    _group(draft, "places: W3C Basic Geo", GEO, structure="Point", text="lat long alt")


def _media(draft: Draft) -> None:
    for uri in (MEDIA, MEDIA_VARIANT):
        _media_of(draft, uri)


def _media_of(draft: Draft, uri: str) -> None:
    _group(
        draft, "Media RSS 1.5", uri,
        structure="group content thumbnail player community starRating statistics restriction subTitle comments",
        text="keywords rating category hash credit copyright tags status comment", html="title description text", links="backLink",
    )  # fmt: skip
    url = {"url": LINK}
    size = {"width height": COUNT}
    draft.settings["link_elements"] |= names(uri, "content thumbnail player")
    draft.allow("Media RSS 1.5: where the media object is, from the web", names(uri, "content"), {
        **url, **size, "type": TYPE, "lang": LANGUAGE, "medium": Keyword(words=frozenset({"image", "audio", "video", "document"})),
        "isDefault": Keyword(words=frozenset({"true", "false"})), "expression": Keyword(words=frozenset({"sample", "full", "nonstop"})),
        "fileSize bitrate framerate samplingrate channels duration": COUNT,
    })  # fmt: skip
    draft.allow("Media RSS 1.5", names(uri, "thumbnail"), {**url, **size, "time": LABEL})
    draft.allow("Media RSS 1.5", names(uri, "player"), {**url, **size})
    draft.allow("Media RSS 1.5", names(uri, "copyright"), url)
    draft.allow("Media RSS 1.5", names(uri, "subTitle"), {"href": LINK, "type": TYPE, "lang": LANGUAGE})
    draft.allow("Media RSS 1.5", names(uri, "title description"), {"type": TYPE})
    draft.allow("Media RSS 1.5", names(uri, "text"), {"type": TYPE, "lang": LANGUAGE, "start end": LABEL})
    draft.allow(
        "Media RSS 1.5",
        names(uri, "category rating credit"),
        {"scheme": LABEL, "label": xhtml.CAPTION, "role": LABEL},
    )
    draft.allow("Media RSS 1.5", names(uri, "hash"), {"algo": LABEL})
    draft.allow(
        "Media RSS 1.5",
        names(uri, "restriction"),
        {"relationship": Keyword(words=frozenset({"allow", "deny"})), "type": LABEL},
    )
    draft.allow("Media RSS 1.5", names(uri, "starRating"), {"average count min max": COUNT})
    draft.allow("Media RSS 1.5", names(uri, "statistics"), {"views favorites": COUNT})
    draft.allow("Media RSS 1.5", names(uri, "status"), {"state": LABEL, "reason": LABEL})


def policy() -> Policy:
    """The preset."""
    draft = Draft(
        name="feed",
        namespaces=NAMESPACES,
        roots=frozenset({"rss"}) | names(RDF, "RDF") | names(ATOM, "feed entry") | names(ATOM_0_3, "feed entry"),
    )  # fmt: skip
    for part in (xhtml.rules, _rss, _atom, _modules, _media):
        part(draft)
    draft.allow("language of the text: XML 1.0, section 2.12", "{*}*", {f"{{{XML_URI}}}lang": LANGUAGE})
    return draft.policy()
