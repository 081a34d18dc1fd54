"""Value grammars: what an attribute (or the text of an element) may say. Each is frozen data; the core reads them.

A grammar accepts a value or refuses it, and never repairs one, except that white space around ids, keywords and URLs
goes as their standards say.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from forkedenc._errors import PolicyError

__all__ = [
    "KINDS",
    "RASTER_TYPES",
    "Animated",
    "Css",
    "Id",
    "IdRef",
    "IdRefs",
    "Keyword",
    "Numbers",
    "Path",
    "Pattern",
    "Style",
    "Text",
    "Timing",
    "Tokens",
    "Transform",
    "Url",
    "UrlList",
    "Value",
    "Words",
]

RASTER_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon"}
)
"""Media types that only hold pixels, the ones a ``data:`` URL may name without `Url.any_data`."""

_ACTIVE_SCHEMES = frozenset({"javascript", "vbscript", "livescript", "mocha", "data"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_ESCAPED = frozenset("dDsSwWbBnrtfvxuUaA\\.+*?()|[]{}^$#&-~/ !\"%',:;<=>@_`")
"""What may follow a backslash in a regex: what means the same to Python, which checks it, and to the core, which runs it."""
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")

_V = TypeVar("_V", bound="type[Value]")
KINDS: dict[str, type[Value]] = {}
"""Each grammar by the word that TOML and the core know it by."""


def _kind(cls: _V) -> _V:
    KINDS[cls.kind] = cls
    return cls


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Value:
    """What all grammars have: ``max_bytes``, the longest value as UTF-8 (None: the caller's Limits alone).

    A grammar without arguments of its own needs no decorator, and comparison is written once for all: making dataclasses is
    most of what importing this costs.
    """

    kind: ClassVar[str] = ""

    max_bytes: int | None = None

    def __post_init__(self) -> None:
        if type(self) is Value:
            raise PolicyError("Value is what the grammars have in common, not one of them")
        _whole("max_bytes", self.max_bytes)
        self._check()

    def _check(self) -> None:
        """Refuse arguments that make no grammar."""

    def replace(self, /, **changes: Any) -> Value:
        """This grammar with some arguments changed; what ``copy.replace`` calls as well."""
        return dataclasses.replace(self, **changes)

    def __replace__(self, /, **changes: Any) -> Value:
        return self.replace(**changes)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Value) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.kind, *(getattr(self, name) for name in self.__dataclass_fields__)

    def __reduce__(self) -> tuple[Any, ...]:
        # By name and argument, so that a pickle is checked on its way in.
        return _restore, (self.kind, self.changed())

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{name}={_shown(value)}' for name, value in self.changed().items())})"
        )

    def changed(self) -> dict[str, Any]:
        """The arguments that are not the defaults."""
        return {
            field.name: value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default or type(value) is not type(field.default)
        }

    def arguments(self) -> tuple[Any, ...]:
        """What the core needs beside kind and max_bytes, as plain values in an order that never changes."""
        return ()

    def described(self) -> str:
        """The grammar in words, to go after "must be"."""
        raise NotImplementedError

    def explained(self) -> str:
        """The same with its bound."""
        return self.described() + (f", at most {self.max_bytes:,} bytes" if self.max_bytes is not None else "")


def _restore(kind: str, arguments: dict[str, Any]) -> Value:
    return KINDS[kind](**arguments)


def _shown(value: Any) -> str:
    """As ``repr``, but a set in one order."""
    return f"frozenset({sorted(value)!r})" if isinstance(value, frozenset) else repr(value)


def _whole(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise PolicyError(f"{name} must be None or an int that is not negative, not {value!r}")


def _flag(value: Value, *names: str) -> None:
    for name in names:
        if not isinstance(getattr(value, name), bool):
            raise PolicyError(f"{name} must be True or False, not {getattr(value, name)!r}")


def _words(value: Value, name: str, *, fold: bool = False) -> frozenset[str]:
    """The words of a field as a frozenset, whatever collection they came in."""
    given = getattr(value, name)
    if isinstance(given, (str, bytes)) or not isinstance(given, (set, frozenset, list, tuple)):
        raise PolicyError(f"{name} must be a collection of strings, not {given!r}")
    if not all(isinstance(word, str) for word in given):
        raise PolicyError(f"{name} must hold strings only")
    words = frozenset(word.lower() if fold else word for word in given)
    object.__setattr__(value, name, words)
    return words


def _listed(words: frozenset[str] | tuple[str, ...], last: str = "or") -> str:
    *most, end = sorted(words) or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Text(Value):
    """Any text (XML 1.0, section 3.3.1, CDATA); refused where it reads as a URL of one of ``refused_schemes``."""

    kind: ClassVar[str] = "text"

    refused_schemes: frozenset[str] = frozenset()

    def _check(self) -> None:
        for scheme in _words(self, "refused_schemes", fold=True):
            if not _SCHEME.fullmatch(scheme):
                raise PolicyError(f"{scheme!r} is no URL scheme")

    def arguments(self) -> tuple[Any, ...]:
        return (sorted(self.refused_schemes),)

    def described(self) -> str:
        return "any text" + (f" but a URL of {_listed(self.refused_schemes)}" if self.refused_schemes else "")


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Keyword(Value):
    """Exactly one of ``words``; with ``fold`` ASCII case does not count. White space around it goes."""

    kind: ClassVar[str] = "keyword"

    words: frozenset[str] = frozenset()
    fold: bool = False

    def _check(self) -> None:
        _flag(self, "fold")
        words = _words(self, "words", fold=self.fold)
        if not words:
            raise PolicyError("a Keyword needs words")
        for word in words:
            if word != word.strip():
                raise PolicyError(f"the keyword {word!r} has white space around it, which a value never has")

    def arguments(self) -> tuple[Any, ...]:
        return sorted(self.words), self.fold

    def described(self) -> str:
        if len(self.words) > 24:
            return f"one of {len(self.words)} words ({', '.join(sorted(self.words)[:8])} ...)"
        return f"{'the word' if len(self.words) == 1 else 'one of'} {_listed(self.words)}"


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Numbers(Value):
    """From ``least`` to ``most`` (None: any count) numbers, separated by white space or comma.

    SVG 2, section 4.2 (number, length, percentage, angle). ``minimum`` and ``maximum`` hold for each number whatever its
    unit; ``units`` allows CSS units of length and angle and %; ``semicolons`` separates as well, as in SMIL's ``values``.
    """

    kind: ClassVar[str] = "numbers"

    least: int = 1
    most: int | None = 1
    minimum: float | None = None
    maximum: float | None = None
    units: bool = False
    semicolons: bool = False

    def _check(self) -> None:
        _whole("least", self.least)
        _whole("most", self.most)
        _flag(self, "units", "semicolons")
        if type(self.least) is not int or (self.most is not None and self.most < max(self.least, 1)):
            raise PolicyError(f"no count of numbers is at least {self.least} and at most {self.most}")
        for name in ("minimum", "maximum"):
            bound = getattr(self, name)
            if bound is None:
                continue
            if isinstance(bound, bool) or not isinstance(bound, (int, float)) or not math.isfinite(bound):
                raise PolicyError(f"{name} must be None or a finite number, not {bound!r}")
            object.__setattr__(self, name, float(bound))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise PolicyError(f"no number is at least {self.minimum} and at most {self.maximum}")

    def arguments(self) -> tuple[Any, ...]:
        return self.least, self.most, self.minimum, self.maximum, self.units, self.semicolons

    def described(self) -> str:
        if self.most == self.least == 1:
            count = "a number"
        elif self.most == self.least:
            count = f"{self.least} numbers"
        elif self.most is None:
            count = f"{self.least} or more numbers"
        else:
            count = f"{self.least} to {self.most} numbers"
        bounds = [f"from {self.minimum:g}"] if self.minimum is not None else []
        bounds += [f"up to {self.maximum:g}"] if self.maximum is not None else []
        return " ".join([count, *(["with or without a unit"] if self.units else []), *bounds])


@_kind
class Path(Value):
    """Path data: SVG 2, section 9.3 (``M0 0 L1 1 z``); also ``none`` and the empty string."""

    __slots__ = ()
    kind: ClassVar[str] = "path"

    def described(self) -> str:
        return "SVG path data"


@_kind
class Transform(Value):
    """A list of transform functions: SVG 1.1, section 7.6; CSS Transforms 1, section 8 (``translate(1 2) scale(2)``)."""

    __slots__ = ()
    kind: ClassVar[str] = "transform"

    def described(self) -> str:
        return "a list of transform functions"


@_kind
class Css(Value):
    """The value of one property, as a presentation attribute has it: SVG 2, section 6.6; CSS Syntax 3, section 5.

    Functions are those of the policy, ``url()`` is local (``url(#id)``) only.
    """

    __slots__ = ()
    kind: ClassVar[str] = "css"

    def described(self) -> str:
        return "a CSS value with local url() and the policy's functions only"


@_kind
class Style(Value):
    """A declaration list: CSS Style Attributes; CSS Syntax 3, section 5.4.4. Declarations that are not allowed go."""

    __slots__ = ()
    kind: ClassVar[str] = "style"

    def described(self) -> str:
        return "CSS declarations of the policy's properties"


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Url(Value):
    """One URL, read as a browser does: WHATWG URL, section 4.4; RFC 3986 for what is written.

    ``schemes`` are compared without case; ``relative`` allows a URL without scheme and without host; ``fragment`` allows
    ``#id``, a local reference; ``data_types`` are the media types that a ``data:`` URL may have. Script schemes and
    data: types other than raster pictures are refused when the grammar is made, unless ``any_scheme`` or ``any_data``
    says that this is meant.
    """

    kind: ClassVar[str] = "url"

    schemes: frozenset[str] = frozenset()
    relative: bool = False
    fragment: bool = False
    data_types: frozenset[str] = frozenset()
    any_scheme: bool = False
    any_data: bool = False

    def _check(self) -> None:
        _flag(self, "relative", "fragment", "any_scheme", "any_data")
        for scheme in _words(self, "schemes", fold=True):
            if not _SCHEME.fullmatch(scheme):
                raise PolicyError(f"{scheme!r} is no URL scheme")
            if scheme in _ACTIVE_SCHEMES and not self.any_scheme:
                said = (
                    "name its media types in data_types" if scheme == "data" else "say any_scheme=True if it is meant"
                )
                raise PolicyError(f"a URL of the scheme {scheme} runs what a stranger wrote: {said}")
        for media_type in _words(self, "data_types", fold=True):
            if not _MEDIA_TYPE.fullmatch(media_type):
                raise PolicyError(f"{media_type!r} is no media type")
            if media_type not in RASTER_TYPES and not self.any_data:
                raise PolicyError(f"a data: URL of {media_type} is no raster picture: say any_data=True if it is meant")

    def arguments(self) -> tuple[Any, ...]:
        return sorted(self.schemes), self.relative, self.fragment, sorted(self.data_types)

    def described(self) -> str:
        kinds = [f"a URL of {_listed(self.schemes)}"] if self.schemes else []
        kinds += ["a relative URL"] if self.relative else []
        kinds += ["#id"] if self.fragment else []
        kinds += [f"a data: URL of {_listed(self.data_types)}"] if self.data_types else []
        return " or ".join(kinds) or "a URL, of which none is allowed"


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class UrlList(Url):
    """URLs, each judged as `Url`, with ``separator`` between them: a space (``ping``) or a comma (``srcset``)."""

    kind: ClassVar[str] = "urls"

    separator: str = " "

    def _check(self) -> None:
        # Written out because super() has no cell in a class that slots=True makes anew.
        Url._check(self)  # noqa: SLF001 - the same check
        if self.separator not in (" ", ","):
            raise PolicyError(f"URLs are separated by a space or a comma, not by {self.separator!r}")

    def arguments(self) -> tuple[Any, ...]:
        return *Url.arguments(self), self.separator

    def described(self) -> str:
        return f"URLs, each {Url.described(self)}, separated by {'a comma' if self.separator == ',' else 'white space'}"


@_kind
class Id(Value):
    """A name for the element itself: XML 1.0, section 3.3.1 (ID); with ``id_prefix=`` it gets the prefix."""

    __slots__ = ()
    kind: ClassVar[str] = "id"

    def described(self) -> str:
        return "a name"


@_kind
class IdRef(Value):
    """``#name``, a reference to an element of the same document: RFC 3986, section 4.4; SVG 2, section 16.1."""

    __slots__ = ()
    kind: ClassVar[str] = "idref"

    def described(self) -> str:
        return "a local reference (#name)"


@_kind
class IdRefs(Value):
    """Names of elements of the same document, separated by white space: XML 1.0, section 3.3.1 (IDREFS)."""

    __slots__ = ()
    kind: ClassVar[str] = "idrefs"

    def described(self) -> str:
        return "names of elements, separated by white space"


@_kind
class Tokens(Value):
    """Class names and the like, separated by white space: HTML, section 2.3.7; no characters with a meaning elsewhere."""

    __slots__ = ()
    kind: ClassVar[str] = "tokens"

    def described(self) -> str:
        return "words separated by white space, without brackets, quotes or colons"


@_kind
class Words(Value):
    r"""Words for people (``aria-label``): any text without ``( \ < >``, which markup and style sheets are made of."""

    __slots__ = ()
    kind: ClassVar[str] = "words"

    def described(self) -> str:
        return r"words without ( \ < >"


@_kind
@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Pattern(Value):
    """The whole value matches ``regex``, in linear time: no backreferences and no lookaround, which are refused."""

    kind: ClassVar[str] = "pattern"

    regex: str = ""

    def _check(self) -> None:
        if not self.regex or type(self.regex) is not str:
            raise PolicyError(f"regex must be a string that is not empty, not {self.regex!r}")
        if len(self.regex) > 4096:
            raise PolicyError("a regex of more than 4,096 characters is no pattern for a value")
        _check_regex(self.regex)

    def arguments(self) -> tuple[Any, ...]:
        return (self.regex,)

    def described(self) -> str:
        return f"a value that matches {self.regex}"


@_kind
class Timing(Value):
    """When an animation begins, ends, how long it takes: SMIL 3.0, section 5.4.1 (``0s; a.click+1s; indefinite``)."""

    __slots__ = ()
    kind: ClassVar[str] = "timing"

    def described(self) -> str:
        return "times, 'indefinite', or events begin, end and click of an id"


@_kind
class Animated(Value):
    """SMIL's ``to from by values``: one or more values, each in the grammar of the attribute that ``attributeName`` names."""

    __slots__ = ()
    kind: ClassVar[str] = "animated"

    def described(self) -> str:
        return "values of the attribute that attributeName names"


def _check_regex(regex: str) -> None:
    """Refuse what a matcher in linear time can't do, or what two syntaxes read differently."""
    if re.search(r"\{\d*,?\d{4,}", regex):
        raise PolicyError(f"the regex {regex!r} counts past 999: max_bytes says how long a value may be")
    index, in_class = 0, False
    while index < len(regex):
        two, three = regex[index : index + 2], regex[index : index + 3]
        if two.startswith("\\"):
            if len(two) < 2:
                raise PolicyError(f"the regex {regex!r} ends with a backslash")
            if not in_class and (two[1] in "123456789" or two[1] in "kg"):
                raise PolicyError(f"the regex {regex!r} has a backreference, which has no bound in time")
            if two[1] not in _ESCAPED:
                raise PolicyError(f"the regex {regex!r} has \\{two[1]}, which the core does not know")
            index += 2
            continue
        if in_class:
            in_class = two[0] != "]"
            if two[0] == "[" or two in ("&&", "--", "~~", "||"):
                raise PolicyError(f"the regex {regex!r} has {two!r} in a class: write it with a backslash")
        elif two[0] == "[":
            in_class = True
            # a ] that comes first is a member of the class
            index += regex.startswith("^", index + 1)
            index += regex.startswith("]", index + 1)
        elif two == "(?":
            if three in ("(?=", "(?!") or regex.startswith(("(?<=", "(?<!"), index):
                raise PolicyError(f"the regex {regex!r} looks around, which has no bound in time")
            known = re.match(r"\(\?(?:P<\w+>|[imsx]*(?:-[imsx]+)?[:)])", regex[index:])
            if known is None:
                raise PolicyError(f"the regex {regex!r} has {three!r}, which the core does not know")
        elif two in ("*+", "++", "?+", "}+", "{,"):
            raise PolicyError(f"the regex {regex!r} has {two!r}, which the core does not know or reads differently")
        index += 1
    try:
        re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise PolicyError(f"the regex {regex!r}: {error}") from None
