"""Attacks before and after cleaning, loaded by a browser: `python benches/sanitize_browser.py [--publish] [--every N]`.

Documents are made of every payload of the data, cleaned, and loaded by headless Chromium in four ways: SVG as a document, SVG
inline in an HTML page, XHTML as a document and XHTML inline. Two traps tell what happens:

- All the browser's traffic goes through a proxy in this process, which serves the documents and writes down everything else
  that is asked for. Images of XHTML are counted apart, since that policy allows them.
- The debugger tells of every script that is compiled, handlers and javascript: URLs among them; alert, eval and their like,
  dialogs, messages and exceptions are watched besides. Every element is focused, pointed at and clicked, and time passes.

The same documents without cleaning go first: unless many of them spring the traps, the traps prove nothing, and this fails.
Cleaned fragments must also stay where a page put them, with no id but those of their prefix. Wants Chromium and websockets.
"""

import argparse
import contextlib
import html
import http.server
import importlib
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.dom import Node

from race import machine, publish
from sanitize_common import DATA, commit

import forkedenc
from forkedenc.xml.sanitize import SVG, XHTML, Sanitizer

# Not there where the linters run.
html5lib: Any = importlib.import_module("html5lib")
connect: Any = importlib.import_module("websockets.sync.client").connect

HOST = "page.test"
SVG_URI = "http://www.w3.org/2000/svg"
XLINK_URI = "http://www.w3.org/1999/xlink"
XHTML_URI = "http://www.w3.org/1999/xhtml"
OPEN_SVG = f'<svg xmlns="{SVG_URI}" xmlns:xlink="{XLINK_URI}" viewBox="0 0 9 9">'
OPEN_DIV = f'<div xmlns="{XHTML_URI}">'
PREFIX = "u-"
FRAMES = 80
WAIT = 20.0
LINGER = 0.25
IDLE = 15.0
SETS = ("san-dompurify", "san-h5sc", "san-payload-lists", "san-svg-sanitizer", "xml-hostile", "san-bleach")
MEDIA_TYPES = {"svg": "image/svg+xml", "html": "text/html; charset=utf-8", "xhtml": "application/xhtml+xml"}
# Of the browser itself, or asked for by every page.
OWN_HOSTS = re.compile(
    r"(^|\.)(googleapis\.com|gvt1\.com|gstatic\.com|clients\d*\.google\.com|accounts\.google\.com)(:\d+)?$"
)

NOTE = (
    "Each document is loaded once, however many payloads end in it: so there are fewer after cleaning. Requests are all that"
    " reach the proxy or that the debugger tells of, but for the documents; scripts are all that are compiled, handlers and"
    " javascript: URLs included. Refused are inputs, most of them not well-formed."
)
COLUMNS = (
    "before: documents", "spring a trap", "requests", "scripts", "alerts, errors, messages",
    "after: documents", "requests", "images, allowed", "scripts", "alerts, errors, messages", "dialogs", "out of place", "refused",
)  # fmt: skip

WATCH = """
(() => {
  const tell = (what, value) => { try { sprung(JSON.stringify([location.href, what, String(value).slice(0, 80)])) } catch {} };
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = value => tell(name, value);
  window.addEventListener('error', event => { if (event.error || event.lineno) tell('onerror', event.message) });
  const evaluate = window.eval;
  window.eval = text => { tell('eval', text); return evaluate(text) };
  const Made = window.Function;
  window.Function = function (...parts) { tell('Function', parts.join()); return Made(...parts) };
})()
//# sourceURL=harness-watch
"""
POKE = """
(() => {
  const events = 'pointerover mouseover mouseenter pointermove mousemove pointerdown mousedown focus focusin pointerup mouseup ' +
    'click dblclick auxclick contextmenu wheel keydown keypress keyup input change select submit reset copy cut paste drag ' +
    'dragenter drop toggle scroll resize animationstart transitionend blur focusout mouseleave mouseout load begin end repeat';
  const seen = [];
  const poke = document => {
    document.addEventListener('click', event => {
      const link = event.target.closest && event.target.closest('a, area');
      if (!link) return;
      const value = link.getAttribute('href') ?? link.getAttribute('xlink:href') ?? '';
      let scheme = '';
      try { scheme = new URL(value, document.baseURI).protocol } catch {}
      // A link that leads elsewhere may stay; one that runs something is followed.
      if (!/^(javascript|vbscript|data):/i.test(scheme)) event.preventDefault();
    }, true);
    document.addEventListener('submit', event => event.preventDefault(), true);
    for (const root of document.querySelectorAll('svg')) { try { root.setCurrentTime(3) } catch {} }
    for (const element of [...document.querySelectorAll('*')].slice(0, 400)) {
      try { element.focus && element.focus() } catch {}
      for (const name of events.split(' ')) {
        const kind = /click|mouse|menu/.test(name) ? MouseEvent : Event;
        try { element.dispatchEvent(new kind(name, {bubbles: false, cancelable: true, view: document.defaultView})) } catch {}
      }
    }
  };
  for (const frame of [...document.querySelectorAll('body > iframe')]) {
    let inner = null;
    try { inner = frame.contentDocument } catch {}
    if (!inner) { seen.push([frame.src, 'lost', 0]); continue }
    const host = inner.getElementById('host');
    if (host) {
      const after = inner.getElementById('after');
      const kept = host.children.length === 1 && after && after.previousElementSibling === host && after.parentNode === inner.body;
      const ids = [...host.querySelectorAll('[id], a[name]')].filter(one =>
        (one.hasAttribute('id') && !one.id.startsWith('PREFIX'))).length;
      if (!kept || ids || inner.head.children.length !== 1 || inner.body.attributes.length) seen.push([frame.src, 'escaped', ids]);
    }
    try { poke(inner) } catch {}
  }
  return JSON.stringify([document.querySelectorAll('body > iframe').length, seen]);
})()
//# sourceURL=harness-poke
""".replace("PREFIX", PREFIX)


def binary() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Trap:
    """What happened: by document, or under an empty name when no document can be named."""

    loaded: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    dialogs: list[tuple[str, str]] = field(default_factory=list)
    escaped: list[tuple[str, str]] = field(default_factory=list)
    hung: int = 0

    def by_document(self) -> set[str]:
        """Documents that sprang a trap."""
        springs = (self.requests, self.scripts, self.calls, self.dialogs)
        return {name for name, _ in itertools.chain(*springs) if name}


class Proxy(http.server.ThreadingHTTPServer):
    """Serves the documents, and writes down what else is asked for."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.served: set[str] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """A document, or for everything else a script, as it may be wanted as one."""
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        page = self.server.pages.get(self.path) if self.command == "GET" else None
        if page is not None:
            self.server.served.add(self.path)
            kind, body = page
        else:
            if not self.path.endswith(f"//{HOST}/favicon.ico"):
                self.server.asked.append((self.headers.get("Referer") or "", f"{self.command} {self.path}"))
            kind, body = "text/javascript", b"alert('fetched')"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Referrer-Policy", "unsafe-url")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_OPTIONS = do_PUT = answer  # noqa: N815 - the base class's names

    def do_CONNECT(self) -> None:
        """What wants encryption gets no further."""
        self.server.asked.append(("", f"CONNECT {self.path}"))
        self.send_error(502)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to the terminal."""


class Browser:
    """Headless Chromium behind the proxy, spoken to over the DevTools protocol."""

    def __init__(self, binary: str, proxy: Proxy, folder: Path) -> None:
        self.proxy = proxy
        self.process = subprocess.Popen(
            [
                binary, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
                "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-extensions",
                "--disable-features=OptimizationHints,MediaRouter,Translate,IsolateOrigins,site-per-process,HttpsUpgrades",
                f"--proxy-server=http://127.0.0.1:{proxy.server_port}", "--proxy-bypass-list=<-loopback>",
                "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ready = folder / "DevToolsActivePort"
        end = time.monotonic() + 60
        while not (ready.is_file() and ready.read_text().strip()):
            if time.monotonic() > end or self.process.poll() is not None:
                raise OSError("Chromium does not start")
            time.sleep(0.1)
        self.port = int(ready.read_text().splitlines()[0])
        self.version = self.ask("version")["Browser"]
        self.trap = Trap()
        self.open()
        # What it asks for by itself while nothing is loaded is no document's doing, unless the debugger tells so.
        self.pump(IDLE)
        self.own = {asked for _, asked in proxy.asked if asked.startswith("CONNECT ")}

    def ask(self, path: str, method: str = "GET") -> Any:
        """The browser's own answer on its tabs."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/{path}", method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if text[:1] in "[{" else text

    def open(self) -> None:
        """A new tab; the old one is left behind if it hangs."""
        self.target = self.ask("new?about:blank", "PUT")
        self.tab = contextlib.ExitStack()
        self.socket = self.tab.enter_context(
            connect(self.target["webSocketDebuggerUrl"], max_size=None, compression=None, proxy=None)
        )
        self.number = 0
        self.frames: dict[str, str] = {}
        self.contexts: dict[int, str] = {}
        self.loaded = False
        for method in ("Page.enable", "Runtime.enable", "Network.enable", "Debugger.enable"):
            self.call(method)
        self.call("Runtime.addBinding", name="sprung")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def renew(self) -> None:
        """Another tab in the place of one that hangs."""
        self.trap.hung += 1
        self.tab.close()
        self.ask(f"close/{self.target['id']}")
        self.open()

    def send(self, method: str, **parameters: Any) -> int:
        """A command whose answer nobody waits for."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        return self.number

    def call(self, method: str, **parameters: Any) -> Any:
        """A command and its answer; what happens meanwhile is written down."""
        number = self.send(method, **parameters)
        end = time.monotonic() + WAIT
        while (left := end - time.monotonic()) > 0:
            message = json.loads(self.socket.recv(left))
            if message.get("id") == number:
                return message.get("result") or {}
            self.event(message)
        raise TimeoutError(method)

    def pump(self, seconds: float, *, until_loaded: bool = False) -> None:
        """Write down what happens for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until_loaded and self.loaded):
            try:
                self.event(json.loads(self.socket.recv(left)))
            except TimeoutError:
                return

    def event(self, message: dict[str, Any]) -> None:
        """One thing that happened."""
        method, values = message.get("method"), message.get("params") or {}
        trap = self.trap
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Page.frameNavigated":
            self.frames[values["frame"]["id"]] = values["frame"]["url"]
        elif method == "Runtime.executionContextCreated":
            context = values["context"]
            self.contexts[context["id"]] = (context.get("auxData") or {}).get("frameId", "")
        elif method == "Debugger.scriptParsed":
            if not values["url"].startswith("harness-"):
                trap.scripts.append((self.place(values["executionContextId"]), values["url"] or "inline"))
        elif method == "Runtime.bindingCalled":
            try:
                where, what, value = json.loads(values["payload"])
            except ValueError:
                where, what, value = "", "binding", values["payload"][:80]
            trap.calls.append((where, f"{what} {value}"))
        elif method == "Runtime.consoleAPICalled":
            trap.calls.append((self.place(values["executionContextId"]), "console"))
        elif method == "Page.javascriptDialogOpening":
            trap.dialogs.append((values.get("url", ""), values.get("message", "")[:80]))
            self.send("Page.handleJavaScriptDialog", accept=False)
        elif method == "Network.requestWillBeSent":
            url = values["request"]["url"]
            if url.startswith(("data:", "about:", "blob:")) or url in self.proxy.pages or url.endswith("/favicon.ico"):
                return
            where = self.frames.get(values.get("frameId", ""), "") or values.get("documentURL", "")
            (trap.images if values.get("type") == "Image" else trap.requests).append((where, url))

    def place(self, context: int) -> str:
        """The document that a script belongs to."""
        return self.frames.get(self.contexts.get(context, ""), "")

    def load(self, number: int, urls: list[str]) -> None:
        """Documents in frames of one page; then everything in them is touched."""
        url = f"http://{HOST}/batch/{number}"
        frames = "".join(f'<iframe width="60" height="60" src="{one}"></iframe>' for one in urls)
        self.proxy.pages[url] = ("text/html", f"<!doctype html><title>batch</title><body>{frames}".encode())
        self.loaded = False
        self.frames.clear()
        try:
            self.call("Page.navigate", url=url)
            self.pump(WAIT, until_loaded=True)
            self.pump(LINGER)
            result = self.call("Runtime.evaluate", expression=POKE).get("result", {})
            self.pump(LINGER)
        except (TimeoutError, OSError):
            self.renew()
            return
        if result.get("type") == "string":
            for where, what, count in json.loads(result["value"])[1]:
                self.trap.escaped.append((where, f"{what} {count}"))
        self.trap.loaded.update(one for one in urls if one in self.proxy.served)

    def close(self) -> None:
        """The end of the browser."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


# Payloads, and documents made of them


def payloads(data: Path) -> Iterator[tuple[str, str]]:
    """Name and text; whole files end in the name of their kind."""
    seen: set[str] = set()
    for folder in SETS:
        for path in sorted((data / folder).rglob("*")):
            name = str(path.relative_to(data))
            if path.suffix == ".jsonl":
                table = path.parent / "payloads.json"
                values = json.loads(table.read_text("utf-8")) if table.is_file() else {}
                for number, line in enumerate(path.read_text("utf-8").splitlines()):
                    text = str(json.loads(line)["payload"])
                    for key, value in values.items():
                        text = text.replace(f"%{key}%", value) if isinstance(value, str) else text
                    if text not in seen:
                        seen.add(text)
                        yield f"{name}:{number}", text
            elif path.suffix in (".svg", ".xml") and path.stat().st_size < 1_000_000:
                yield f"{name}:file", path.read_bytes().decode("utf-8", "replace")


def legal(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)


NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")


def as_xml(payload: str) -> str:
    """What an HTML parser makes of the payload, written so that an XML parser makes the same of it."""
    fragment = html5lib.parseFragment(payload, treebuilder="dom", namespaceHTMLElements=True)
    out: list[str] = []
    rest: list[Any] = [fragment]
    while rest:
        node = rest.pop()
        if isinstance(node, str):
            out.append(node)
        elif node.nodeType == Node.TEXT_NODE:
            out.append(html.escape(legal(node.data), quote=False))
        elif node.nodeType == Node.DOCUMENT_FRAGMENT_NODE:
            rest += reversed(node.childNodes)
        elif node.nodeType == Node.ELEMENT_NODE and NAME.match(node.localName or node.tagName):
            name = node.localName or node.tagName
            written = {}
            for key, value in node.attributes.items():
                plain = key.replace("xlink:", "xlink_")
                if NAME.match(plain) and plain != "xmlns":
                    written[key] = html.escape(legal(value)).replace("\n", "&#10;")
            pairs = "".join(f' {key}="{value}"' for key, value in written.items())
            out.append(f'<{name} xmlns="{node.namespaceURI or XHTML_URI}" xmlns:xlink="{XLINK_URI}"{pairs}>')
            rest += [f"</{name}>", *reversed(node.childNodes)]
    return "".join(out)


def pictures(payload: str) -> Iterator[str]:
    text = legal(payload)
    value, decoded = html.escape(text), html.escape(html.unescape(text))
    cdata = text.replace("]]>", "]] >")
    if "<svg" in text.lower():
        yield text
    yield f"{OPEN_SVG}{text}</svg>"
    yield f"{OPEN_SVG}{as_xml(text)}</svg>"
    yield (
        f"{OPEN_SVG}<title>{value}</title><text>{value}<![CDATA[{cdata}]]></text><desc><![CDATA[{cdata}]]></desc>"
        f'<style>{value}</style><style><![CDATA[{cdata}]]></style><g id="{value}" style="{value}" class="{value}"/></svg>'
    )
    for one in dict.fromkeys((value, decoded)):
        if not one.startswith("&lt;"):
            yield (
                f'{OPEN_SVG}<a href="{one}" xlink:href="{one}"><text y="9">t</text></a><image width="5" height="5" href="{one}"/>'
                f'<image width="5" height="5" xlink:href="{one}"/><use href="{one}"/><rect fill="{one}" filter="url({one})" width="5" height="5"'
                f' style="fill:url({one});background:url({one})"/><set attributeName="href" to="{one}"/>'
                f'<animate attributeName="xlink:href" values="#a;{one}"/><script href="{one}"/></svg>'
            )
    if re.fullmatch(r"on\w+", text.strip(), re.IGNORECASE):
        yield f'{OPEN_SVG}<rect width="5" height="5" {text.strip()}="alert(1)"/></svg>'


def pages(payload: str) -> Iterator[str]:
    text = legal(payload)
    value, decoded = html.escape(text), html.escape(html.unescape(text))
    cdata = text.replace("]]>", "]] >")
    yield f"{OPEN_DIV}{text}</div>"
    yield f"{OPEN_DIV}{as_xml(text)}</div>"
    yield (
        f'{OPEN_DIV}{value}<p title="{value}" id="{value}"><![CDATA[{cdata}]]></p><style><![CDATA[{cdata}]]></style>'
        f"<noscript>{value}</noscript><textarea>{value}</textarea><title>{value}</title><xmp>{value}</xmp></div>"
    )
    for one in dict.fromkeys((value, decoded)):
        if not one.startswith("&lt;"):
            yield (
                f'{OPEN_DIV}<a href="{one}" title="{one}">t</a><img src="{one}" alt="{one}"/><iframe src="{one}"/>'
                f'<form action="{one}"><button formaction="{one}">b</button></form><p style="background:url({one})">p</p></div>'
            )
    if re.fullmatch(r"on\w+", text.strip(), re.IGNORECASE):
        yield f'{OPEN_DIV}<p {text.strip()}="alert(1)">p</p></div>'


@dataclass
class Way:
    """One way to load documents: how they are cleaned and what they are served as."""

    name: str
    kind: str
    sanitizer: Sanitizer
    makes: Any
    inline: bool
    refused: int = 0
    raw: dict[str, str] = field(default_factory=dict)
    clean: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """The document as it is and cleaned, each once whatever it was made of."""
        data = text.encode()
        try:
            out = self.sanitizer.clean(data).data.decode()
        except forkedenc.DecodeError:
            self.refused += 1
            return
        self.raw.setdefault(text, name)
        self.clean.setdefault(out, name)

    def body(self, text: str) -> bytes:
        """What is served: the document, or a page with it inside."""
        if not self.inline:
            return text.encode()
        return f'<!doctype html><html><head><title>t</title></head><body><div id="host">{text}</div><p id="after">after</p></body></html>'.encode()


def ways() -> list[Way]:
    return [
        Way("SVG, documents", "svg", Sanitizer(SVG), pictures, inline=False),
        Way("SVG, inline", "html", Sanitizer(SVG, escape_for="html", id_prefix=PREFIX), pictures, inline=True),
        Way("XHTML, documents", "xhtml", Sanitizer(XHTML), pages, inline=False),
        Way("XHTML, inline", "html", Sanitizer(XHTML, escape_for="html", id_prefix=PREFIX), pages, inline=True),
    ]


def run(browser: Browser, way: Way, documents: dict[str, str], turn: str, kept: Path | None) -> Trap:
    proxy = browser.proxy
    proxy.pages.clear()
    proxy.asked.clear()
    proxy.served.clear()
    browser.trap = Trap()
    names, urls = {}, []
    for number, (text, name) in enumerate(documents.items()):
        url = f"http://{HOST}/{turn}/{number}.{way.kind}"
        proxy.pages[url] = (MEDIA_TYPES[way.kind], way.body(text))
        names[url] = name
        urls.append(url)
    batches = [urls[start : start + FRAMES] for start in range(0, len(urls), FRAMES)]
    for number, batch in enumerate(batches):
        browser.load(number, batch)
        if number % 25 == 24:
            print(f"  {way.name}, {turn}: {number + 1} of {len(batches)} pages", file=sys.stderr, flush=True)
    trap = browser.trap
    # What the proxy saw and the debugger did not.
    told = {url for _, url in trap.requests + trap.images}
    hosts = {re.sub(r"^\w+://", "", url).split("/")[0].partition(":")[0] for url in told}
    for where, asked in proxy.asked:
        method, url = asked.split(" ", 1)
        host = re.sub(r"^\w+://", "", url).split("/")[0]
        missed = url not in told if method != "CONNECT" else host.partition(":")[0] not in hosts
        if missed and not OWN_HOSTS.search(host) and asked not in browser.own:
            trap.requests.append((where, asked))
    if kept is not None:
        lines = [
            json.dumps(
                {
                    "way": way.name,
                    "turn": turn,
                    "what": what,
                    "url": where,
                    "payload": names.get(where),
                    "detail": detail,
                }
            )
            for what in ("requests", "images", "scripts", "calls", "dialogs", "escaped")
            for where, detail in getattr(trap, what)
        ]
        with kept.open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
    return trap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write the table into RESULTS.md")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth payload only")
    parser.add_argument("--control-every", type=int, default=1, metavar="N", help="load each Nth document uncleaned")
    parser.add_argument("--log", type=Path, help="file for what sprang the traps, a JSON document a line")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    program = binary()
    if not program:
        sys.exit("no Chromium here: nothing was loaded")
    told = list(payloads(options.data))[:: options.every]
    if not told:
        sys.exit(f"no payloads in {options.data}: set FORKEDENC_DATA to a folder of test data")
    rows, failures = [], []
    measured = commit()
    proxy = Proxy()
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, proxy, Path(folder))
        try:
            for way in ways():
                for name, text in told:
                    for document in [text] if name.endswith(":file") else way.makes(text):
                        way.add(name, document)
                raw = dict(list(way.raw.items())[:: options.control_every])
                before = run(browser, way, raw, "raw", options.log)
                after = run(browser, way, way.clean, "clean", options.log)
                images = after.images if way.makes is pages else []
                requests = after.requests + ([] if way.makes is pages else after.images)
                springs = requests + after.scripts + after.calls + after.dialogs + after.escaped
                failures += [f"{way.name}: {where}: {detail}" for where, detail in springs]
                if after.hung or len(after.loaded) < len(way.clean):
                    failures.append(
                        f"{way.name}: {len(way.clean) - len(after.loaded)} cleaned documents were not loaded"
                    )
                sprung = before.by_document() & before.loaded
                if len(sprung) < max(5, len(before.loaded) // 50):
                    failures.append(
                        f"{way.name}: only {len(sprung)} uncleaned documents spring the traps: they prove nothing"
                    )
                rows.append(
                    f"| {way.name} | {len(before.loaded)} | {len(sprung)} | {len(before.requests) + len(before.images)} | {len(before.scripts)}"
                    f" | {len(before.calls)} | {len(after.loaded)} | {len(requests)} | {len(images) if way.makes is pages else '-'} | {len(after.scripts)}"
                    f" | {len(after.calls)} | {len(after.dialogs)} | {len(after.escaped) if way.inline else '-'} | {way.refused} |"
                )
                print(
                    rows[-1],
                    f"hung {before.hung}",
                    Counter(detail.split(" ")[0] for _, detail in before.calls).most_common(5),
                    flush=True,
                )
        finally:
            browser.close()
            proxy.shutdown()
        version = browser.version
    text = "\n".join(
        [
            "## Attacks in a browser",
            "",
            f"{machine('forkedenc', 'html5lib')} {version}; {measured}; {len(told)} payloads and files.",
            "",
            NOTE,
            "",
            f"| | {' | '.join(COLUMNS)} |",
            f"|---|{'---|' * len(COLUMNS)}",
            *rows,
        ]
    )
    print(text)
    if failures:
        sys.exit("\n".join([f"{len(failures)} findings:", *failures[:40]]))
    if options.publish:
        publish("sanitize_browser", text)


if __name__ == "__main__":
    main()
