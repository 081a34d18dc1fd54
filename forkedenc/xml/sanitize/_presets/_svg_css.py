"""The CSS of SVG: presentation attributes, the properties that style sheets may set, and functions of their values.

Left out on purpose: what moves boxes about a page (position, z-index), what fetches or inserts (content, behavior,
-moz-binding, src), custom properties with var(), which read what the page around has set, blur() and drop-shadow(), which
no cap holds as it holds stdDeviation, and width and height for the same reason: the attributes are there for that.
"""

from __future__ import annotations

__all__ = ["AT_RULES", "FUNCTIONS", "PRESENTATION", "PROPERTIES"]

PRESENTATION = (
    "alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation color-interpolation-filters"
    " color-profile color-rendering cursor direction display dominant-baseline enable-background fill fill-opacity fill-rule"
    " filter flood-color flood-opacity font font-family font-feature-settings font-kerning font-size font-size-adjust"
    " font-stretch font-style font-variant font-variation-settings font-weight glyph-orientation-horizontal"
    " glyph-orientation-vertical image-rendering isolation kerning letter-spacing lighting-color line-height marker"
    " marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity overflow paint-order pointer-events"
    " shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin"
    " stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration text-overflow text-rendering"
    " transform-box transform-origin unicode-bidi vector-effect visibility white-space word-spacing"
    " writing-mode"
)
"""Presentation attributes of SVG 1.1, appendix M.2, and SVG 2, section 6.6, with those that renderers read as well."""

PROPERTIES = (
    f"{PRESENTATION} background-color cx cy d font-language-override font-optical-sizing font-palette font-synthesis"
    " font-variant-alternates font-variant-caps font-variant-east-asian font-variant-emoji font-variant-ligatures"
    " font-variant-numeric font-variant-position hyphens image-orientation inline-size line-break mask-border-mode"
    " mask-clip mask-composite mask-image mask-mode mask-origin mask-position mask-repeat mask-size"
    " overflow-wrap overflow-x overflow-y r rx ry shape-margin shape-padding shape-inside shape-subtract solid-color"
    " solid-opacity stroke-alignment tab-size text-align text-align-all text-align-last text-combine-upright"
    " text-decoration-color text-decoration-fill text-decoration-line text-decoration-stroke text-decoration-style"
    " text-decoration-thickness text-indent text-justify text-orientation text-transform"
    " text-underline-offset text-underline-position transform transform-style word-break x y"
)

FUNCTIONS = (
    "rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix icc-color device-cmyk"
    " calc min max clamp"
    " matrix translate translatex translatey scale scalex scaley rotate skew skewx skewy"
    " brightness contrast grayscale hue-rotate invert opacity saturate sepia"
    " inset circle ellipse polygon path rect"
)
"""Colours, sums, two-dimensional transforms, filters that cost one pass, and basic shapes."""

AT_RULES = "media"
"""What depends on the medium; anything else imports, or declares what is fetched."""
