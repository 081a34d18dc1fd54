"""`Sanitizer`: a policy at work on documents, and the report of what it took out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Literal, NamedTuple, Self

from forkedenc import _native
from forkedenc._errors import PolicyError, shown, shown_path
from forkedenc._limits import Limits
from forkedenc.xml.sanitize import _compile
from forkedenc.xml.sanitize._policy import Policy, split

__all__ = ["AsyncSanitizerStream", "Cleaned", "Removal", "Report", "Sanitizer", "SanitizerStream"]


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that was taken out of a document.

    Attributes:
        kind: ``"root"``, ``"element"``, ``"attribute"``, ``"comment"``, ``"pi"``, ``"doctype"`` or ``"text"``.
        name: as written in the document; of text, the last step of its path; of a comment, empty.
        path: where it stood, such as ``/svg/g[2]/@onclick``; cut to 1,024 characters.
        offset: the 0-based byte of the input where it starts; of an attribute, where its tag does.
        line, column: the same place, counted from 1, the column in characters.
        rule: why, as one word such as ``"unknown-element"`` or ``"bad-value"``; docs/sanitizer.md lists them.
    """

    kind: str
    name: str
    path: str
    offset: int
    line: int
    column: int
    rule: str


class Report:
    """What a sanitizer did to a document; frozen, compared by what it says.

    Attributes:
        changed: whether a reader sees another document: in elements, attributes, text, comments, PIs or DOCTYPE.
        counts: how many removals there were, by kind; kinds without any are left out.
        removals: the first 1,000 of them, in document order.
    """

    __slots__ = ("_removals", "changed", "counts")

    changed: bool
    counts: Mapping[str, int]
    _removals: tuple[Removal, ...] | _native.SanitizerRemovals

    def __init__(
        self, changed: bool, counts: Mapping[str, int], removals: tuple[Removal, ...] | _native.SanitizerRemovals = ()
    ) -> None:
        object.__setattr__(self, "changed", changed)
        object.__setattr__(self, "counts", MappingProxyType(dict(counts)))
        object.__setattr__(self, "_removals", removals)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Report can't be changed: {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Report, (self.changed, dict(self.counts), self.removals)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        mine, theirs = ((r.changed, r.counts, r.removals) for r in (self, other))
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.changed, self.removals))

    def __repr__(self) -> str:
        return f"Report(changed={self.changed}, counts={dict(self.counts)}, removals=<{len(self._removals)}>)"

    @property
    def removals(self) -> tuple[Removal, ...]:
        # Made when they are asked for: most reports are asked for their numbers only.
        if not isinstance(self._removals, tuple):
            made = tuple(
                Removal(kind, shown(name), shown_path(path), offset, line, column, rule)
                for kind, name, path, offset, line, column, rule in self._removals.list()
            )
            object.__setattr__(self, "_removals", made)
        return self._removals  # type: ignore[return-value]

    @property
    def removed(self) -> int:
        """How many things were taken out."""
        return sum(self.counts.values())

    @property
    def truncated(self) -> bool:
        """Whether there were more removals than `removals` holds."""
        return self.removed > len(self._removals)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {
            "changed": self.changed,
            "removed": self.removed,
            "counts": dict(self.counts),
            "truncated": self.truncated,
            "removals": [
                {name: getattr(removal, name) for name in Removal.__slots__}  # fields, in their order
                for removal in self.removals
            ],
        }

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(self.as_dict(), ensure_ascii=False)

    def to_text(self) -> str:
        """The report for people: one line a removal, and a last line with the numbers."""
        lines = [
            f"{removal.line}:{removal.column}: {removal.kind} {removal.name or '-'} ({removal.rule}) at {removal.path}"
            for removal in self.removals
        ]
        numbers = ", ".join(f"{count} {kind}" for kind, count in self.counts.items()) or "nothing"
        lines.append(f"removed: {numbers}{'' if not self.truncated else f'; the first {len(self.removals)} are shown'}")
        return "\n".join(lines)


def _report(native: _native.SanitizerStream) -> Report:
    return Report(*native.report())


class Cleaned(NamedTuple):
    """A clean document and what was taken out of it."""

    data: bytes
    report: Report


class SanitizerStream:
    """One document on its way through; made by `Sanitizer.stream`, used by one thread at a time.

    Leaving the ``with`` closes the document, unless an exception does. If `feed` or `close` raises, what was written is the
    beginning of a conforming document and no document: discard it.

    Attributes:
        report: what was taken out so far.
    """

    __slots__ = ("_native", "_write")

    def __init__(self, native: _native.SanitizerStream, write: Callable[[bytes], object]) -> None:
        self._native = native
        self._write = write

    def feed(self, chunk: Any) -> None:
        """Clean the next chunk (bytes or any contiguous buffer); what of the output is ready goes to ``write``.

        Raises:
            forkedenc.xml.ParseError: the document is not well-formed.
            LimitError: it crosses a limit.
            PolicyViolation: the policy refuses it.
            ValueError: the document was closed.
        """
        self._native.feed(chunk, self._write)

    def close(self) -> None:
        """End the document; the rest of the output goes to ``write``.

        Raises:
            IncompleteError: the document has not ended.
        """
        self._native.close(self._write)

    @property
    def report(self) -> Report:
        return _report(self._native)

    @property
    def stats(self) -> Any:
        """What this document has counted: a `forkedenc.runtime.Stats`."""
        return self._native.stats

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


class AsyncSanitizerStream:
    """`SanitizerStream` for asynchronous programs: ``write`` is awaited with what of the output is ready."""

    __slots__ = ("_native", "_write")

    def __init__(self, native: _native.SanitizerStream, write: Callable[[bytes], Awaitable[object]]) -> None:
        self._native = native
        self._write = write

    async def feed(self, chunk: Any) -> None:
        """Clean the next chunk; raises what `SanitizerStream.feed` does."""
        ready: list[bytes] = []
        self._native.feed(chunk, ready.append)
        await self._flush(ready)

    async def close(self) -> None:
        """End the document; raises what `SanitizerStream.close` does."""
        ready: list[bytes] = []
        self._native.close(ready.append)
        await self._flush(ready)

    async def _flush(self, ready: list[bytes]) -> None:
        for data in ready:
            await self._write(data)

    @property
    def report(self) -> Report:
        return _report(self._native)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.close()


_PAGE = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"})


def _for_page(policy: Policy) -> None:
    """An HTML parser knows two vocabularies: what is none of them would be read as something else."""
    roots = {split(root)[0] for root in policy.roots}
    if not roots <= _PAGE:
        raise PolicyError(
            f'escape_for="html" is for roots in the namespaces of XHTML and SVG, which {policy.name} has not'
        )


class Sanitizer:
    """A policy at work: immutable, shareable between threads, made once and kept at module level.

    Args:
        policy: what documents may hold: ``SVG``, ``XHTML``, ``FEED``, ``SOAP``, ``PLAIN`` or one of your own.
        limits: `Limits()` by default. An internal subset declares at most 100 entities, which expand to at most 64 KiB.
        html_text: for feeds, a callable such as ``nh3.clean`` that makes HTML safe (str to str): what it gives is written in place
            of text that holds markup. Without it such text is dropped.
        links: schemes of links to keep, such as ``["https"]``, where the policy has links.
        id_prefix: put before ids and the references to them, so that two documents fit in one page.
        escape_for: ``"html"`` for output that goes into an HTML page: what HTML would read differently is left out.

    Raises:
        PolicyError: an option does not fit the policy.
    """

    __slots__ = ("_html_text", "_limits", "_plan", "policy")

    policy: Policy
    _plan: _native.SanitizerPlan
    _limits: Limits | None
    _html_text: Callable[[str], str] | None

    def __init__(
        self,
        policy: Policy,
        *,
        limits: Limits | None = None,
        html_text: Callable[[str], str] | None = None,
        links: Iterable[str] = (),
        id_prefix: str | None = None,
        escape_for: Literal["html"] | None = None,
    ) -> None:
        if not isinstance(policy, Policy):
            raise TypeError(f"policy must be a Policy, not {type(policy).__name__}")
        if html_text is not None and not callable(html_text):
            raise TypeError(f"html_text must be callable, not {type(html_text).__name__}")
        if escape_for is not None:
            _for_page(policy)
        plan = _compile.plan(
            policy, links=links, id_prefix=id_prefix, escape_for=escape_for, html_text=html_text is not None
        )
        object.__setattr__(self, "policy", policy)
        try:
            native = _native.SanitizerPlan(plan)
        except ValueError as error:
            raise PolicyError(f"{policy.name}: {error}") from None
        object.__setattr__(self, "_plan", native)
        object.__setattr__(self, "_limits", limits)
        object.__setattr__(self, "_html_text", html_text)
        # What is wrong with the limits is told now.
        self._open()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Sanitizer can't be changed: {name}")

    def __repr__(self) -> str:
        return f"Sanitizer({self.policy.name})"

    def _open(self, encoding: str | None = None) -> _native.SanitizerStream:
        return _native.SanitizerStream(self._plan, self._limits, self._html_text, encoding)

    def clean(self, data: Any) -> Cleaned:
        """Clean a whole document.

        Args:
            data: bytes, any contiguous buffer, or str.

        Returns:
            The clean document as UTF-8 without declaration or DOCTYPE, and the report.

        Raises:
            forkedenc.xml.ParseError: the document is not well-formed.
            LimitError: it crosses a limit.
            PolicyViolation: the policy refuses it: its root, or what it answers with ``"error"``.
        """
        text = isinstance(data, str)
        native = self._open("utf-8" if text else None)
        return Cleaned(native.clean(data.encode() if text else data), _report(native))

    def stream(self, write: Callable[[bytes], object]) -> SanitizerStream:
        """Clean a document as it comes, in memory of the order of its depth and the limits.

        Args:
            write: called with bytes of the output as they are ready, such as ``file.write``.
        """
        return SanitizerStream(self._open(), write)

    def astream(self, write: Callable[[bytes], Awaitable[object]]) -> AsyncSanitizerStream:
        """The same for asynchronous programs: ``write`` is awaited."""
        return AsyncSanitizerStream(self._open(), write)
