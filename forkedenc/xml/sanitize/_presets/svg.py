"""SVG: a static picture that may move by itself, but runs nothing, fetches nothing and costs no more than it shows.

The elements are those of SVG 1.1 and SVG 2 that draw, define what is drawn, or describe it; references are local, and
pictures inside are embedded. What goes and why stands beside each rule.
"""

from __future__ import annotations

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._presets._draft import XHTML_URI, XLINK_URI, XML_URI, Draft, names
from forkedenc.xml.sanitize._presets._svg_css import AT_RULES, FUNCTIONS, PRESENTATION, PROPERTIES
from forkedenc.xml.sanitize._values import (
    Animated,
    Css,
    Id,
    IdRef,
    IdRefs,
    Keyword,
    Numbers,
    Path,
    Pattern,
    Style,
    Timing,
    Tokens,
    Transform,
    Url,
    Value,
    Words,
)

__all__ = ["SVG_URI", "policy"]

SVG_URI = "http://www.w3.org/2000/svg"
EVERY = f"{{{SVG_URI}}}*"
XLINK_HREF = f"{{{XLINK_URI}}}href"

MAX_PICTURE_BYTES = 8 << 20
MAX_PIXELS = 32_767  # what a bitmap of common renderers can be wide and high
MAX_EXTENT = 1_000_000  # of what is drawn, in any unit: larger than any picture, small enough for single floats
MAX_REGION = 100_000
MAX_BLUR = 1_000
MAX_RADIUS = 10_000
MAX_OCTAVES = 10
MAX_ORDER = 32

STRUCTURE = "svg g defs symbol use switch view"
SHAPES = "path rect circle ellipse line polyline polygon"
TEXTS = "text tspan textPath"
PAINT = "linearGradient radialGradient stop pattern clipPath mask marker"
LIGHTS = "feDistantLight fePointLight feSpotLight"
TRANSFER = "feFuncR feFuncG feFuncB feFuncA"
PRIMITIVES = (
    "feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDropShadow"
    " feFlood feGaussianBlur feImage feMerge feMorphology feOffset feSpecularLighting feTile feTurbulence"
)
FONTS = (
    "font font-face font-face-src font-face-name font-face-format glyph missing-glyph hkern vkern"
    " altGlyph altGlyphDef altGlyphItem glyphRef"
)
ANIMATIONS = "animate animateColor animateTransform set"
# What may be animated beside presentation attributes: geometry, gradients, and what filters mix. No reference, no id, no
# class or style, and nothing that a cap holds down.
ANIMATED = (
    "amplitude azimuth baseFrequency bias cx cy d diffuseConstant divisor dx dy elevation exponent fr fx fy"
    " gradientTransform height intercept k1 k2 k3 k4 limitingConeAngle markerHeight markerWidth offset pathLength"
    " patternTransform points pointsAtX pointsAtY pointsAtZ preserveAspectRatio r refX refY rx ry scale seed slope"
    " specularConstant specularExponent startOffset surfaceScale tableValues targetX targetY textLength transform"
    " viewBox width x x1 x2 y y1 y2 z"
)


def _svg(words: str) -> frozenset[str]:
    return names(SVG_URI, words)


def _words(words: str) -> Keyword:
    return Keyword(words=frozenset(words.split()))


LENGTH = Numbers(units=True)
LENGTHS = Numbers(most=None, units=True)
NUMBER = Numbers()
NUMBERS = Numbers(most=None)
ONE_OR_TWO = Numbers(most=2)
EXTENT = Numbers(units=True, maximum=MAX_EXTENT)
REGION = Numbers(units=True, minimum=-MAX_REGION, maximum=MAX_REGION)
UNITS = _words("userSpaceOnUse objectBoundingBox")
RATIO = Pattern(
    regex=r"\s*(?:defer\s+)?(?:none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))(?:\s+(?:meet|slice))?\s*", max_bytes=64
)
LANGUAGE = Pattern(regex=r"[A-Za-z0-9-]{0,64}")
MEDIA = Pattern(regex=r"\s*(?:(?:[A-Za-z-]+|\([A-Za-z-]+(?:\s*:\s*[0-9A-Za-z./ -]+)?\))(?:[\s,]+|$))*", max_bytes=512)
# One character of any kind, or several that mean nothing to a style sheet or as a URL.
CHARACTERS = Pattern(regex=r"[^(\\<>:]{0,64}|[(\\<>:]")
RASTER = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"})


def _elements(draft: Draft) -> None:
    draft.elements("structure of SVG 2, chapter 5", _svg(STRUCTURE))
    draft.elements("a shape of SVG 2, chapters 9 and 10", _svg(SHAPES))
    draft.elements("text of SVG 2, chapter 11", _svg(TEXTS))
    draft.elements("paint, clipping, masks and markers of SVG 2, chapter 13 and 14, and CSS Masking 1", _svg(PAINT))
    draft.elements("a raster picture, embedded as a data: URL: SVG 2, chapter 12", _svg("image"))
    draft.elements(
        "filters of Filter Effects 1; what they cost is capped",
        _svg(f"filter feMergeNode {PRIMITIVES} {LIGHTS} {TRANSFER}"),
    )
    draft.elements("fonts of SVG 1.1, chapter 20: outlines, of which nothing is fetched", _svg(FONTS))
    draft.elements(
        "a glyph's outline is its d; elements inside would be drawn for each character without being counted",
        _svg("glyph missing-glyph"), "elements", "text_only_elements",
    )  # fmt: skip
    draft.elements(
        "words for readers, in which elements of another namespace would act",
        _svg("title desc"),
        "elements",
        "text_only_elements",
        "paired_elements",
    )
    draft.elements(
        "a style sheet of presentation properties, without anything from outside",
        _svg("style"),
        "elements",
        "style_elements",
        "paired_elements",
    )
    draft.elements(
        "animation of SVG 1.1, chapter 19, of attributes that can't fetch or run",
        _svg(ANIMATIONS),
        "elements",
        "animation_elements",
    )
    draft.elements("movement along a path: SVG 1.1, section 19.2.13", _svg("animateMotion mpath"))
    draft.settings["roots"] = _svg("svg")
    draft.elements(
        "a link leads out of the picture: its content stays, and links= keeps it",
        _svg("a"),
        "unwrapped_elements",
        "link_elements",
        "rel_elements",
    )
    draft.settings["weightless_elements"] = _svg(
        f"linearGradient radialGradient stop feMergeNode {PRIMITIVES} {LIGHTS} {TRANSFER} {ANIMATIONS} animateMotion mpath title desc style"
    ) - _svg("feImage")

    draft.elements("it runs a script, or says what runs one", names(None, "script handler listener"), "denied_elements")
    draft.elements(
        "it embeds a page or a plug-in",
        names(None, "foreignObject iframe object embed frame applet canvas"),
        "denied_elements",
    )
    draft.elements("it plays what it fetches, and is no picture", names(None, "audio video"), "denied_elements")
    draft.elements("it takes text or a cursor from another document", _svg("tref cursor"), "denied_elements")
    draft.elements("it fetches a font or a colour profile", _svg("font-face-uri color-profile"), "denied_elements")
    draft.elements("it takes elements out of the document while it is shown", _svg("discard"), "denied_elements")
    draft.elements("notes of editors in any vocabulary, of which nothing is drawn", _svg("metadata"), "denied_elements")
    draft.elements(
        "a style sheet or markup of a page acts on the page around the picture",
        names(XHTML_URI, "*"),
        "denied_elements",
    )


def _everywhere(draft: Draft) -> None:
    """What each element may have."""
    draft.allow(
        "a presentation attribute of SVG 1.1 or 2, the same grammar as in a style sheet", EVERY, {PRESENTATION: Css()}
    )
    draft.allow(
        "what references and style sheets name it by",
        EVERY,
        {"id": Id(max_bytes=1024), "class": Tokens(max_bytes=4096)},
    )
    draft.allow("declarations of presentation properties", EVERY, {"style": Style()})
    draft.allow(
        "white space and language of text: XML 1.0, sections 2.10 and 2.12", EVERY,
        {f"{{{XML_URI}}}space": _words("default preserve"), f"{{{XML_URI}}}lang lang": LANGUAGE},
    )  # fmt: skip
    draft.allow(
        "which child of a switch is drawn: SVG 2, section 5.7", EVERY,
        {"requiredFeatures requiredExtensions": Words(max_bytes=1024), "systemLanguage": Pattern(regex=r"[A-Za-z0-9_,\s-]*", max_bytes=1024)},
    )  # fmt: skip
    draft.allow("what screen readers say: WAI-ARIA 1.2", EVERY, {
        "role": Tokens(max_bytes=256),
        "aria-label aria-description aria-roledescription aria-valuetext aria-placeholder": Words(max_bytes=4096),
        "aria-labelledby aria-describedby aria-details aria-flowto aria-owns aria-controls": IdRefs(max_bytes=4096),
        "aria-hidden aria-disabled aria-expanded aria-checked aria-pressed aria-selected aria-current aria-live aria-busy aria-atomic": Tokens(max_bytes=64),
        "aria-level aria-posinset aria-setsize aria-valuemin aria-valuemax aria-valuenow": NUMBER,
    })  # fmt: skip
    draft.allow(
        "what XLink 1.1 says of each link, in words",
        EVERY,
        {f"{{{XLINK_URI}}}type": _words("simple"), f"{{{XLINK_URI}}}title": Words(max_bytes=1024)},
    )
    draft.deny("an event handler is a script", "{*}*", ["{*}on*"])
    draft.deny("it changes what every relative reference below it means", "{*}*", names(XML_URI, "base"))


def _geometry(draft: Draft) -> None:
    place = {"x y": LENGTH}
    extent = {"width height": EXTENT}
    view = {"viewBox": Numbers(least=4, most=4), "preserveAspectRatio": RATIO}
    draft.allow("size and coordinates of the picture; width and height are what a renderer makes a bitmap of", _svg("svg"), {
        **place, "width height": Numbers(units=True, maximum=MAX_PIXELS), **view,
        "version": Pattern(regex=r"[0-9.]{1,8}"), "baseProfile": _words("none tiny basic full"), "zoomAndPan": _words("disable magnify"),
    })  # fmt: skip
    draft.allow("where it is drawn", _svg("symbol"), {**place, **extent, **view, "refX refY": Css(max_bytes=32)})
    draft.allow("where it is drawn", _svg("view"), {**view, "zoomAndPan": _words("disable magnify")})
    draft.allow("where it is drawn", _svg("rect image use"), {**place, **extent})
    draft.allow(
        "how the picture is fitted",
        _svg("image"),
        {"preserveAspectRatio": RATIO, "decoding": _words("sync async auto")},
    )
    draft.allow("geometry of SVG 2, chapters 9 and 10", _svg("path"), {"d": Path()})
    draft.allow("geometry of SVG 2, chapters 9 and 10", _svg("rect"), {"rx ry": Css(max_bytes=64)})
    draft.allow("geometry of SVG 2, chapters 9 and 10", _svg("circle"), {"cx cy r": LENGTH})
    draft.allow("geometry of SVG 2, chapters 9 and 10", _svg("ellipse"), {"cx cy": LENGTH, "rx ry": Css(max_bytes=64)})
    draft.allow("geometry of SVG 2, chapters 9 and 10", _svg("line"), {"x1 y1 x2 y2": LENGTH})
    draft.allow(
        "geometry of SVG 2, chapters 9 and 10", _svg("polyline polygon"), {"points": Numbers(least=0, most=None)}
    )
    draft.allow("the author's own length of the path", _svg(SHAPES), {"pathLength": NUMBER})
    draft.allow(
        "places of the characters: SVG 2, section 11.4",
        _svg("text tspan altGlyph"),
        {"x y dx dy": LENGTHS, "rotate": NUMBERS},
    )
    draft.allow("length of the text: SVG 2, section 11.4", _svg(f"{TEXTS} altGlyph"), {
        "textLength": LENGTH, "lengthAdjust": _words("spacing spacingAndGlyphs"),
    })  # fmt: skip
    draft.allow("text along a path: SVG 2, section 11.8", _svg("textPath"), {
        "startOffset": LENGTH, "method": _words("align stretch"), "spacing": _words("auto exact"), "side": _words("left right"), "path": Path(),
        "x y dx dy": LENGTHS, "rotate": NUMBERS,
    })  # fmt: skip
    draft.allow("a transformation of coordinates: SVG 1.1, section 7.6", EVERY, {"transform": Transform()})


def _paint(draft: Draft) -> None:
    gradients = _svg("linearGradient radialGradient")
    draft.allow("a gradient: SVG 2, section 14.2", gradients, {
        "gradientUnits": UNITS, "gradientTransform": Transform(), "spreadMethod": _words("pad reflect repeat"),
    })  # fmt: skip
    # Both kinds have all of them: a gradient of one kind may take them from one of the other by its reference.
    draft.allow("a gradient: SVG 2, section 14.2", gradients, {"x1 y1 x2 y2 cx cy r fx fy fr": LENGTH})
    draft.allow("a gradient: SVG 2, section 14.2", _svg("stop"), {"offset": LENGTH})
    draft.allow("a pattern: SVG 2, section 14.3; its tile is a bitmap", _svg("pattern"), {
        "x y": LENGTH, "width height": REGION, "patternUnits patternContentUnits": UNITS, "patternTransform": Transform(),
        "viewBox": Numbers(least=4, most=4), "preserveAspectRatio": RATIO,
    })  # fmt: skip
    draft.allow("a clip path: CSS Masking 1, section 7", _svg("clipPath"), {"clipPathUnits": UNITS})
    draft.allow(
        "a mask: CSS Masking 1, section 8; its region is a bitmap",
        _svg("mask"),
        {"x y width height": REGION, "maskUnits maskContentUnits": UNITS},
    )
    draft.allow("a marker: SVG 2, section 13.7", _svg("marker"), {
        "markerWidth markerHeight": Numbers(units=True, maximum=MAX_REGION), "refX refY": Css(max_bytes=32), "markerUnits": _words("strokeWidth userSpaceOnUse"),
        "orient": Pattern(regex=r"\s*(?:auto|auto-start-reverse|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?:deg|grad|rad|turn)?)\s*", max_bytes=64),
        "viewBox": Numbers(least=4, most=4), "preserveAspectRatio": RATIO,
    })  # fmt: skip


def _references(draft: Draft) -> None:
    referring = _svg(
        f"use linearGradient radialGradient pattern textPath mpath filter altGlyph glyphRef {ANIMATIONS} animateMotion"
    )
    draft.allow(
        "a reference into the same document: anything else would be fetched",
        referring,
        {f"href {XLINK_HREF}": IdRef(max_bytes=1024)},
    )
    picture = Url(data_types=RASTER, max_bytes=MAX_PICTURE_BYTES)
    draft.allow(
        "a raster picture inside the document: anything else is fetched, or is a document of its own",
        _svg("image"),
        {f"href {XLINK_HREF}": picture},
    )
    draft.allow(
        "the same, or an element of the document",
        _svg("feImage"),
        {f"href {XLINK_HREF}": picture.replace(fragment=True)},
    )
    draft.allow("where a link leads: the schemes that links= names; nothing is reported (ping) or saved (download)", _svg("a"), {
        f"href {XLINK_HREF}": Url(fragment=True, max_bytes=8192), "target": _words("_self _blank _parent _top"), "rel": Tokens(max_bytes=256), "hreflang": LANGUAGE,
    })  # fmt: skip
    draft.allow(
        "which sheet it is, and when it holds",
        _svg("style"),
        {"type": Pattern(regex=r"[A-Za-z0-9.+/-]{0,64}"), "media": MEDIA},
    )


def _filters(draft: Draft) -> None:
    primitives = _svg(PRIMITIVES)
    region: dict[str, Value] = {"x y width height": REGION}
    draft.allow(
        "the region of a filter is a bitmap",
        _svg("filter"),
        {**region, "filterUnits primitiveUnits": UNITS, "filterRes": Numbers(most=2, maximum=4096)},
    )
    draft.allow(
        "region, input and name of a primitive: Filter Effects 1, section 9",
        primitives,
        {**region, "in result": Tokens(max_bytes=256)},
    )
    kernel = Numbers(most=2, minimum=0.1)
    rules: tuple[tuple[str, dict[str, Value]], ...] = (
        ("feBlend", {"in2": Tokens(max_bytes=256), "mode": Tokens(max_bytes=32)}),
        ("feColorMatrix", {"type": _words("matrix saturate hueRotate luminanceToAlpha"), "values": Numbers(least=0, most=20)}),
        ("feComposite", {"in2": Tokens(max_bytes=256), "operator": _words("over in out atop xor lighter arithmetic"), "k1 k2 k3 k4": NUMBER}),
        ("feConvolveMatrix", {
            "order": Numbers(most=2, maximum=MAX_ORDER), "kernelMatrix": Numbers(most=MAX_ORDER * MAX_ORDER), "divisor bias targetX targetY": NUMBER,
            "edgeMode": _words("duplicate wrap mirror none"), "preserveAlpha": _words("true false"), "kernelUnitLength": kernel,
        }),
        ("feDiffuseLighting", {"surfaceScale diffuseConstant": NUMBER, "kernelUnitLength": kernel}),
        ("feSpecularLighting", {"surfaceScale specularConstant specularExponent": NUMBER, "kernelUnitLength": kernel}),
        ("feDisplacementMap", {"in2": Tokens(max_bytes=256), "scale": NUMBER, "xChannelSelector yChannelSelector": _words("R G B A")}),
        ("feDropShadow", {"stdDeviation": Numbers(most=2, maximum=MAX_BLUR), "dx dy": NUMBER}),
        ("feGaussianBlur", {"stdDeviation": Numbers(most=2, maximum=MAX_BLUR), "edgeMode": _words("duplicate wrap none")}),
        ("feImage", {"preserveAspectRatio": RATIO}),
        ("feMergeNode", {"in": Tokens(max_bytes=256)}),
        ("feMorphology", {"operator": _words("erode dilate"), "radius": Numbers(most=2, maximum=MAX_RADIUS)}),
        ("feOffset", {"dx dy": NUMBER}),
        ("feTurbulence", {
            "baseFrequency": ONE_OR_TWO, "numOctaves": Numbers(maximum=MAX_OCTAVES), "seed": NUMBER,
            "stitchTiles": _words("stitch noStitch"), "type": _words("fractalNoise turbulence"),
        }),
        ("feDistantLight", {"azimuth elevation": NUMBER}),
        ("fePointLight", {"x y z": NUMBER}),
        ("feSpotLight", {"x y z pointsAtX pointsAtY pointsAtZ specularExponent limitingConeAngle": NUMBER}),
    )  # fmt: skip
    for element, table in rules:
        draft.allow("Filter Effects 1, section 9; what costs by the number is capped", _svg(element), table)
    draft.allow("Filter Effects 1, section 9.7", _svg(TRANSFER), {
        "type": _words("identity table discrete linear gamma"), "tableValues": Numbers(least=0, most=None), "slope intercept amplitude exponent offset": NUMBER,
    })  # fmt: skip


def _animations(draft: Draft) -> None:
    every = _svg(f"{ANIMATIONS} animateMotion")
    times = Timing(max_bytes=1024)
    draft.allow("when and how it moves: SVG 1.1, section 19.2", every, {
        "begin end dur min max repeatDur": times, "repeatCount": Pattern(regex=r"\s*(?:indefinite|[+]?[0-9.]{1,16})\s*"), "restart": _words("always whenNotActive never"),
        "fill": _words("freeze remove"), "calcMode": _words("discrete linear paced spline"), "additive": _words("replace sum"), "accumulate": _words("none sum"),
        "keyTimes keySplines keyPoints": Numbers(least=0, most=None, semicolons=True),
    })  # fmt: skip
    animated = Keyword(words=frozenset(ANIMATED.split()) | frozenset(PRESENTATION.split()))
    kind = _words("CSS XML auto")
    draft.allow(
        "what is animated: nothing that refers, runs, or is capped",
        _svg("animate animateColor set"),
        {"attributeName": animated, "attributeType": kind},
    )
    draft.allow(
        "values that the animated attribute could have itself",
        _svg("animate animateColor set"),
        {"to from by values": Animated()},
    )
    draft.allow("which transformation is animated", _svg("animateTransform"), {
        "attributeName": _words("transform gradientTransform patternTransform"), "attributeType": kind, "type": _words("translate scale rotate skewX skewY"),
        "to from by values": Numbers(most=None, units=True, semicolons=True),
    })  # fmt: skip
    draft.allow("places on the way: SVG 1.1, section 19.2.13", _svg("animateMotion"), {
        "path": Path(), "rotate": Pattern(regex=r"\s*(?:auto|auto-reverse|[-+]?[0-9.]{1,16})\s*"), "origin": _words("default"),
        "to from by values": Numbers(most=None, units=True, semicolons=True),
    })  # fmt: skip


def _fonts(draft: Draft) -> None:
    draft.allow("an outline and the characters it stands for: SVG 1.1, section 20.4", _svg("glyph missing-glyph"), {
        "d": Path(), "unicode": CHARACTERS, "glyph-name": Words(max_bytes=256), "orientation": _words("h v"), "arabic-form": _words("initial medial terminal isolated"),
    })  # fmt: skip
    draft.allow("metrics of a font: SVG 1.1, section 20.3", _svg("font glyph missing-glyph"), {
        "horiz-origin-x horiz-origin-y horiz-adv-x vert-origin-x vert-origin-y vert-adv-y": NUMBER,
    })  # fmt: skip
    draft.allow(
        "kerning: SVG 1.1, section 20.7",
        _svg("hkern vkern"),
        {"u1 u2": CHARACTERS, "g1 g2": Words(max_bytes=1024), "k": NUMBER},
    )
    metrics = "units-per-em stemv stemh slope cap-height x-height accent-height ascent descent ideographic alphabetic mathematical hanging"
    vertical = "v-ideographic v-alphabetic v-mathematical v-hanging underline-position underline-thickness strikethrough-position strikethrough-thickness overline-position overline-thickness"
    draft.allow("metrics of a font: SVG 1.1, section 20.8.3", _svg("font-face"), {
        f"{metrics} {vertical}": NUMBER, "unicode-range": Pattern(regex=r"[Uu0-9A-Fa-f+?,\s-]*", max_bytes=4096), "panose-1 bbox": Numbers(most=10), "widths": Words(max_bytes=4096),
    })  # fmt: skip
    draft.allow(
        "a font that is installed: SVG 1.1, section 20.8.4", _svg("font-face-name"), {"name": Words(max_bytes=256)}
    )
    draft.allow("a format's name: SVG 1.1, section 20.8.4", _svg("font-face-format"), {"string": Words(max_bytes=64)})
    draft.allow(
        "glyphs by name: SVG 1.1, section 10.14", _svg("altGlyph glyphRef"), {"glyphRef format": Words(max_bytes=256)}
    )
    draft.allow("glyphs by name: SVG 1.1, section 10.14", _svg("glyphRef"), {"x y dx dy": NUMBER})


def policy() -> Policy:
    """The preset."""
    draft = Draft(
        name="svg",
        namespaces=frozenset({SVG_URI, XLINK_URI}),
        properties=frozenset(PROPERTIES.split()),
        functions=frozenset(FUNCTIONS.split()),
        at_rules=frozenset(AT_RULES.split()),
        max_elements=100_000,
        max_ids=10_000,
    )
    for part in (_elements, _everywhere, _geometry, _paint, _references, _filters, _animations, _fonts):
        part(draft)
    return draft.policy()
