"""Pictures before and after the preset SVG, drawn by resvg and Chromium: `python benches/sanitize_render.py [--publish]`.

Every SVG of the data's svg-real is cleaned and drawn twice, as it was and as it is then, and the pixels are compared. Where
they differ, the removals of the report are tried by themselves on the original: each group of one rule and one name is taken
out of its tree, and those that change the picture are the cause. What declarations a style lost is found by cleaning it alone.
The files that differ go to docs/sanitizer-rendering.md, grouped by rule. Chromium, where there is one, draws without scripts,
three seconds into animations, and fetches nothing. Wants the packages resvg-py, pillow and lxml, and websockets for Chromium.
"""

import argparse
import base64
import importlib
import io
import re
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sanitize_browser
from lxml import etree
from race import machine, publish
from sanitize_common import DATA, ROOT, commit

import forkedenc
from forkedenc.xml.sanitize import SVG, Removal, Sanitizer

PAGE = ROOT / "docs" / "sanitizer-rendering.md"
SANITIZER = Sanitizer(SVG)
# Not there where the linters run.
resvg_py: Any = importlib.import_module("resvg_py")
Image: Any = importlib.import_module("PIL.Image")
ImageChops: Any = importlib.import_module("PIL.ImageChops")
ImageStat: Any = importlib.import_module("PIL.ImageStat")
Pixels = Any
Draw = Callable[[bytes, Path], Pixels]
WIDEST = 4000


@dataclass
class Picture:
    """One file: what became of it."""

    name: str
    outcome: str
    detail: str = ""
    most: int = 0
    mean: float = 0.0
    causes: list[tuple[str, str, str]] = field(default_factory=list)


ROOT_TAG = re.compile(r"<(?:[\w.-]+:)?svg(?=[\s>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
SIZE = re.compile(r"\s(?:width|height)\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def sized(text: str) -> str:
    """The document with a size where it has none that is absolute."""
    found = ROOT_TAG.search(text)
    if not found:
        return text
    tag = SIZE.sub("", found[0]).removesuffix(">").removesuffix("/")
    closed = "/>" if found[0].endswith("/>") else ">"
    return f'{text[: found.start()]}{tag} width="480" height="360"{closed}{text[found.end() :]}'


def by_resvg(data: bytes, folder: Path) -> Pixels:
    """The picture in its own size, or in one given to it, in RGBA."""
    text = decoded(data)
    families = {"font_family": "DejaVu Sans", "sans_serif_family": "DejaVu Sans"}
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, resources_dir=str(folder), **families)
    except ValueError as error:
        if "size" not in str(error):
            raise
        png = resvg_py.svg_to_bytes(svg_string=sized(text), resources_dir=str(folder), **families)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


SETTLED = """
(() => {
  const root = document.documentElement;
  if (root.pauseAnimations) { root.pauseAnimations(); root.setCurrentTime(3) }
  return root.localName;
})()
"""


class Chromium:
    """Pictures as documents in a window of 480 by 360."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.proxy = sanitize_browser.Proxy()
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.browser = sanitize_browser.Browser(binary, self.proxy, folder)
        self.settle()
        self.number = 0

    def settle(self) -> None:
        """The window's size, and no scripts."""
        self.browser.call(
            "Emulation.setDeviceMetricsOverride", width=480, height=360, deviceScaleFactor=1, mobile=False
        )
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)

    def draw(self, data: bytes, folder: Path) -> Pixels:  # noqa: ARG002 - as resvg's, which reads files beside
        """What the window shows."""
        self.number += 1
        url = f"http://{sanitize_browser.HOST}/{self.number}.svg"
        self.proxy.pages = {url: ("image/svg+xml", data)}
        browser = self.browser
        browser.loaded = False
        try:
            browser.call("Page.navigate", url=url)
            browser.pump(20, until_loaded=True)
            shown = browser.call("Runtime.evaluate", expression=SETTLED).get("result", {})
            if "svg" not in str(shown.get("value")):
                raise ValueError(f"Chromium shows {shown.get('value')}")
            png = base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"])
        except (TimeoutError, OSError) as error:
            browser.renew()
            self.settle()
            raise ValueError(f"Chromium hangs: {error}") from error
        return Image.open(io.BytesIO(png)).convert("RGBA")

    def close(self) -> None:
        """The end of the browser."""
        self.browser.close()
        self.proxy.shutdown()


def decoded(data: bytes) -> str:
    """The document as text: resvg's Python face takes no bytes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def difference(one: Pixels, other: Pixels) -> tuple[int, float]:
    """The most and the mean that a channel of a pixel differs, of 255; colours that can't be seen are not compared."""
    if one.size != other.size:
        return 255, 255.0
    pair = []
    for image in (one, other):
        seen = Image.new("RGBA", image.size, (255, 255, 255, 255))
        seen.alpha_composite(image)
        pair.append(Image.merge("RGBA", (*seen.split()[:3], image.getchannel("A"))))
    apart = ImageChops.difference(*pair)
    return max(high for _, high in apart.getextrema()), sum(ImageStat.Stat(apart).mean) / 4


def qualified(node: Any) -> str:
    local = etree.QName(node).localname
    return f"{node.prefix}:{local}" if node.prefix else local


def at(root: Any, path: str) -> Any:
    """The element that a path of a report means, or None."""
    steps = [step for step in path.split("/")[1:] if not step.startswith("@")]
    node = None
    for step in steps:
        name, _, index = step.rstrip("]").partition("[")
        children = [root] if node is None else [child for child in node if isinstance(child.tag, str)]
        same = [child for child in children if qualified(child) == name]
        position = int(index or 1) - 1
        if position >= len(same):
            return None
        node = same[position]
    return node


def attribute_name(node: Any, name: str) -> str | None:
    """The name that lxml has for an attribute written so."""
    prefix, _, local = name.rpartition(":")
    if not prefix:
        return local if local in node.attrib else None
    space = "http://www.w3.org/XML/1998/namespace" if prefix == "xml" else node.nsmap.get(prefix)
    full = f"{{{space}}}{local}"
    return full if full in node.attrib else None


def cleaned_style(value: str) -> str:
    """A style attribute cleaned alone."""
    root = etree.Element("{http://www.w3.org/2000/svg}svg", nsmap={None: "http://www.w3.org/2000/svg"})
    root.set("style", value)
    clean = etree.fromstring(SANITIZER.clean(etree.tostring(root)).data)
    return str(clean.get("style") or "")


def lost_declarations(before: str, after: str) -> list[str]:
    left = {tuple(part.strip() for part in piece.split(":", 1)) for piece in after.split(";")}
    pieces = [piece for piece in before.split(";") if piece.strip()]
    return [piece.strip() for piece in pieces if tuple(part.strip() for part in piece.split(":", 1)) not in left]


def unwrap(node: Any) -> None:
    """Put the children in the place of the element."""
    parent = node.getparent()
    place = parent.index(node)
    before = parent[place - 1] if place else None

    def add(text: str | None, after: Any) -> None:
        if text and after is None:
            parent.text = (parent.text or "") + text
        elif text:
            after.tail = (after.tail or "") + text

    add(node.text, before)
    children = list(node)
    for offset, child in enumerate(children):
        parent.insert(place + offset, child)
    add(node.tail, children[-1] if children else before)
    node.tail = None
    parent.remove(node)


def drop(node: Any) -> None:
    """Remove the element, and leave the text behind it."""
    parent = node.getparent()
    if parent is None:
        return
    if node.tail:
        before = node.getprevious()
        if before is None:
            parent.text = (parent.text or "") + node.tail
        else:
            before.tail = (before.tail or "") + node.tail
        node.tail = None
    parent.remove(node)


def without(data: bytes, removals: Iterable[Removal]) -> tuple[bytes, set[str]]:
    """The document without these alone, and what was lost in words."""
    parser = etree.XMLParser(resolve_entities=True, no_network=True, load_dtd=False, huge_tree=True)
    root = etree.fromstring(data, parser)
    words: set[str] = set()
    found = [(removal, at(root, removal.path)) for removal in removals]
    for removal, node in found:
        if node is None:
            continue
        if removal.kind == "attribute":
            name = attribute_name(node, removal.name)
            if name is None:
                continue
            value = node.get(name)
            if removal.rule == "style":
                after = cleaned_style(value)
                words.update(f"style: {lost}" for lost in lost_declarations(value, after))
                node.set(name, after)
            else:
                words.add(f'{qualified(node)} {removal.name}="{" ".join(value.split())[:60]}"')
                del node.attrib[name]
        elif removal.kind == "element":
            words.add(f"<{removal.name}>")
            if etree.QName(node).localname == "a" and node.getparent() is not None:
                unwrap(node)
            else:
                drop(node)
        elif removal.kind == "text":
            before = node.text or ""
            alone = b'<svg xmlns="http://www.w3.org/2000/svg">' + etree.tostring(node, with_tail=False) + b"</svg>"
            style = etree.fromstring(SANITIZER.clean(alone).data)
            node.text = (style[0].text or "") if len(style) else ""
            words.add(f"<{qualified(node)}> text, {len(before)} characters to {len(node.text)}")
    return etree.tostring(root), words


def causes(
    data: bytes, before: Pixels, removals: Iterable[Removal], folder: Path, draw: Draw
) -> Iterator[tuple[str, str, str]]:
    """Rule, name and what was lost, of the groups of removals that change the picture by themselves."""
    groups: dict[tuple[str, str], list[Removal]] = defaultdict(list)
    for removal in removals:
        if removal.kind not in ("comment", "pi", "doctype"):
            groups[removal.rule, removal.name].append(removal)
    for (rule, name), group in groups.items():
        try:
            changed, words = without(data, group)
            most = difference(before, draw(changed, folder))[0]
        except (ValueError, etree.XMLSyntaxError) as error:
            yield rule, name, f"can't be drawn without it: {error}"
            continue
        if most:
            yield rule, name, "; ".join(sorted(words)[:4])


def compared(path: Path, name: str, draw: Draw) -> Picture:
    data = path.read_bytes()
    try:
        clean, report = SANITIZER.clean(data)
    except forkedenc.DecodeError as error:
        return Picture(name, "refused", str(error))
    try:
        before = draw(data, path.parent)
    except ValueError as error:
        return Picture(name, "unrenderable", " ".join(str(error).split()))
    if max(before.size) > WIDEST:
        return Picture(name, "unrenderable", f"{before.size} pixels")
    try:
        after = draw(clean, path.parent)
    except ValueError as error:
        most, mean, detail = 255, 255.0, " ".join(str(error).split())
    else:
        (most, mean), detail = difference(before, after), ""
    if not most:
        return Picture(name, "identical", "cleaned" if report.changed else "unchanged")
    return Picture(name, "differs", detail, most, mean, list(causes(data, before, report.removals, path.parent, draw)))


# Why a rule may change a picture: what the preset promises, and so has to give up.
REASONS = {
    "forward-reference": "`use`, `pattern`, `mask`, `marker` and `feImage` cost what they refer to, so inside an element with an id they refer to what"
    " stands before: then the size of each is known when it ends. Moving the definition to the front keeps the picture.",
    "cycle": "An element that refers to itself has no end. Renderers draw nothing there, or once.",
    "bad-value": "A value outside the grammar of its attribute goes as a whole and is not mended. Of pictures, only PNG, JPEG, GIF and WebP in data: URLs"
    " stay, so a picture from another file, an SVG inside, and a data: URL without a type go.",
    "denied-element": "`a` goes and what is in it stays, without the transform, font or paint that stood on the link (unless"
    " `links=` keeps it). `tref` refers to text elsewhere; resvg still draws it, browsers do not.",
    "unknown-element": "Elements of no SVG standard go with what is in them.",
    "none alone": "No removal explains it: the value means the same, written otherwise.",
}


INTRODUCTION = (
    "`python benches/sanitize_render.py` draws {total} real and test SVGs before and after cleaning and compares the pixels."
    " The same: {same}. The others are listed here by the rule of the report that changes them, found by taking out of the"
    " original what that rule took and nothing else. In parentheses: the most and the mean that a channel of a pixel differs,"
    " of 255. Most are tests of renderers, which provoke a rule on purpose. Chromium draws without scripts and fetches nothing."
)


def of_rule(picture: Picture) -> dict[str, str]:
    """Rule -> what it took out, for a picture that differs."""
    words: dict[str, list[str]] = defaultdict(list)
    for rule, _, text in picture.causes:
        words[rule].append(text)
    return {rule: "; ".join(texts) for rule, texts in words.items()} or {"none alone": picture.detail}


def page(results: dict[str, list[Picture]], measured: str) -> str:
    """The files that differ, by rule; one with two causes stands under both."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    words: dict[tuple[str, str], str] = {}
    for renderer, pictures in results.items():
        for picture in pictures:
            if picture.outcome == "differs":
                for rule, text in of_rule(picture).items():
                    groups[rule][picture.name].append(f"{renderer} {picture.most}, {picture.mean:.2f}")
                    words.setdefault((rule, picture.name), text)
    some = next(iter(results.values()))
    same = ", ".join(
        f"{sum(picture.outcome == 'identical' for picture in pictures)} with {renderer}"
        for renderer, pictures in results.items()
    )
    lines = [
        "# What the preset SVG changes in real pictures",
        "",
        INTRODUCTION.format(total=len(some), same=same),
        "",
        f"Measured: {machine('forkedenc', 'resvg-py', 'pillow')} {measured}.",
        "",
    ]
    for rule, files in sorted(groups.items(), key=lambda item: -len(item[1])):
        lines += [f"## {rule}: {len(files)}", "", *([REASONS[rule], ""] if rule in REASONS else [])]
        for name, figures in sorted(files.items()):
            shown = f": `{words[rule, name].replace('`', chr(39))}`" if words[rule, name] else ""
            lines.append(f"- {name} ({'; '.join(figures)}){shown}")
        lines.append("")
    missing = [
        f"- {one.name} ({renderer}, {one.outcome}): {one.detail}"
        for renderer, pictures in results.items()
        for one in pictures
        if one.outcome in ("refused", "unrenderable")
    ]
    if missing:
        lines += ["## Not compared", "", *missing, ""]
    return "\n".join(lines)


def table(results: dict[str, list[Picture]], browser: str, measured: str) -> str:
    columns = ["identical unchanged", "identical cleaned", "differs", "refused", "unrenderable"]
    lines = [
        "## Pictures before and after cleaning",
        "",
        f"{machine('forkedenc', 'resvg-py', 'pillow')} {browser} {measured}. docs/sanitizer-rendering.md lists those that differ.",
        "",
        "| | pictures | identical, unchanged | identical, cleaned | differ | refused | can't be drawn |",
        "|---|---|---|---|---|---|---|",
    ]
    rules: dict[str, Counter[str]] = {}
    for renderer, pictures in results.items():
        folders: dict[str, Counter[str]] = defaultdict(Counter)
        for picture in pictures:
            detail = picture.detail if picture.outcome == "identical" else ""
            folders[picture.name.partition("/")[0]][f"{picture.outcome} {detail}".strip()] += 1
        total: Counter[str] = sum(folders.values(), Counter())
        for name, counts in [*sorted(folders.items()), ("**all**", total)]:
            cells = " | ".join(str(counts[column]) for column in columns)
            lines.append(f"| {renderer}, {name} | {counts.total()} | {cells} |")
        rules[renderer] = Counter(
            rule for picture in pictures if picture.outcome == "differs" for rule in of_rule(picture)
        )
    lines += ["", f"| the rule that changes the picture | {' | '.join(rules)} |", f"|---|{'---|' * len(rules)}"]
    for rule, _ in sum(rules.values(), Counter[str]()).most_common():
        lines.append(f"| {rule} | {' | '.join(str(counts[rule]) for counts in rules.values())} |")
    return "\n".join(lines)


def compared_all(files: list[Path], folder: Path, draw: Draw) -> list[Picture]:
    pictures = []
    for number, path in enumerate(files, 1):
        picture = compared(path, str(path.relative_to(folder)), draw)
        pictures.append(picture)
        if picture.outcome != "identical":
            print(f"{picture.outcome} {picture.name} {picture.most} {picture.mean:.3f} {picture.detail}", flush=True)
            for rule, name, words in picture.causes:
                print(f"    {rule} {name}: {words}", flush=True)
        if number % 200 == 0:
            print(f"  {number} of {len(files)}", file=sys.stderr, flush=True)
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write RESULTS.md and the page of differences")
    parser.add_argument("--only", default="", help="files with this in their name")
    parser.add_argument("--renderer", choices=["resvg", "Chromium"], help="this one alone")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    folder = options.data / "svg-real"
    files = [path for path in sorted(folder.rglob("*.svg")) if options.only in str(path)]
    if not files:
        sys.exit(f"no SVG in {folder}: set FORKEDENC_DATA to a folder of test data")
    measured = commit()
    results = {}
    version = ""
    if options.renderer != "Chromium":
        results["resvg"] = compared_all(files, folder, by_resvg)
    binary = sanitize_browser.binary()
    if options.renderer != "resvg" and binary:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            chromium = Chromium(binary, Path(profile))
            try:
                version = f"{chromium.browser.version};"
                results["Chromium"] = compared_all(files, folder, chromium.draw)
            finally:
                chromium.close()
    elif options.renderer != "resvg":
        print("no Chromium here: drawn by resvg alone", file=sys.stderr)
    print(table(results, version, measured))
    if options.publish:
        publish("sanitize_render", table(results, version, measured))
        PAGE.write_text(page(results, measured), encoding="utf-8")


if __name__ == "__main__":
    main()
