from collections.abc import Callable, Iterable, Iterator, Mapping
from types import EllipsisType, GenericAlias, TracebackType
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, final, overload
from xml.etree.ElementTree import Element

from typing_extensions import Buffer, disjoint_base

from forkedenc._errors import LimitBreach
from forkedenc._limits import Limits
from forkedenc._runtime import Stats

_T = TypeVar("_T")

# What the Python above registers: exceptions, the class of limits=, and loads(cls=...).

def register_error_factory(
    factory: Callable[[str, str, int, int, int, str, Mapping[str, Any]], BaseException],
) -> None: ...
def register_breach_class(cls: type[LimitBreach]) -> None: ...
def register_limits_class(cls: type[Limits]) -> None: ...
def register_loads_with_class(function: Callable[..., Any]) -> None: ...

# True where objects are built by their layout, False where by documented calls alone.

def layout_bound() -> bool: ...

# The runtime, for `_runtime`.

def register_stats_class(stats: type[Any], /) -> None: ...
def runtime_stats() -> Any: ...
def pool_prime(count: int, bytes: int) -> int: ...
def pool_trim() -> None: ...
def pool_held() -> int: ...
def pool_limit() -> int: ...
def pool_set_limit(bytes: int) -> None: ...
def set_stress(on: bool) -> None: ...
def stress() -> bool: ...
def runtime_before_fork() -> None: ...
def runtime_after_fork() -> None: ...

# Decoding.

def loads(
    s: str | bytes | bytearray,
    *,
    cls: type[Any] | None = None,
    object_hook: Callable[[dict[str, Any]], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
    parse_int: Callable[[str], Any] | None = None,
    parse_constant: Callable[[str], Any] | None = None,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
    limits: Limits | None = None,
    duplicate_keys: Literal["last", "first", "error"] = "last",
    allow_nan: bool = True,
    **kw: Any,
) -> Any: ...
@overload
def decode(
    data: Buffer | str,
    type: type[_T],
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Literal["rest", "ignore", "error"] | None = None,
    duplicate_keys: Literal["last", "first", "error"] | None = None,
    allow_nan: bool = False,
    dec_hook: Callable[[Any, Any], Any] | None = None,
    audit: Callable[[LimitBreach], object] | None = None,
) -> _T: ...
@overload
def decode(
    data: Buffer | str,
    type: Any = ...,
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Literal["rest", "ignore", "error"] | None = None,
    duplicate_keys: Literal["last", "first", "error"] | None = None,
    allow_nan: bool = False,
    dec_hook: Callable[[Any, Any], Any] | None = None,
    audit: Callable[[LimitBreach], object] | None = None,
) -> Any: ...
def scanstring(string: str, end: int, strict: bool = True) -> tuple[str, int]: ...

@final
class Scanner:
    def __new__(cls, context: Any) -> Scanner: ...
    def __call__(self, string: str, idx: int) -> tuple[Any, int]: ...

@final
class Decoder(Generic[_T]):
    @overload
    def __new__(
        cls,
        type: type[_T],
        *,
        strict: bool = True,
        limits: Limits | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> Decoder[_T]: ...
    @overload
    def __new__(
        cls,
        type: Any = ...,
        *,
        strict: bool = True,
        limits: Limits | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> Decoder[Any]: ...
    def __class_getitem__(cls, item: Any) -> GenericAlias: ...
    def decode(self, data: Buffer | str) -> _T: ...
    @property
    def stats(self) -> Stats: ...

@final
class StreamDecoder(Generic[_T]):
    @overload
    def __new__(
        cls,
        type: type[_T],
        *,
        framing: Literal["concatenated", "lines", "seq", "array"] = "concatenated",
        limits: Limits | None = None,
        on_error: Literal["raise", "yield"] = "raise",
        strict: bool = True,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> StreamDecoder[_T]: ...
    @overload
    def __new__(
        cls,
        type: Any = ...,
        *,
        framing: Literal["concatenated", "lines", "seq", "array"] = "concatenated",
        limits: Limits | None = None,
        on_error: Literal["raise", "yield"] = "raise",
        strict: bool = True,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> StreamDecoder[Any]: ...
    def __class_getitem__(cls, item: Any) -> GenericAlias: ...
    def feed(self, data: Buffer) -> list[_T]: ...
    def close(self) -> list[_T]: ...
    def fork(self) -> StreamDecoder[_T]: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

@final
class ItemStream:
    def __new__(
        cls,
        steps: tuple[str | EllipsisType, ...],
        members: bool,
        type: Any = ...,
        *,
        strict: bool = True,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        limits: Limits | None = None,
        allow_nan: bool = False,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        depth_hint: int | None = None,
    ) -> ItemStream: ...
    def feed(self, data: Buffer) -> list[Any]: ...
    def close(self) -> list[Any]: ...

@final
class Plan:
    def __new__(cls, schema: Any, unknown: Literal["rest", "ignore", "error"] | None = None) -> Plan: ...

def register_schema_compiler(compiler: Callable[[Any, bool, Any, bool], Plan | None]) -> None: ...

@final
class Checker:
    def __new__(
        cls,
        framing: Literal["document", "concatenated", "lines", "seq", "array"],
        limits: Limits | None = None,
    ) -> Checker: ...
    def feed(self, data: Buffer) -> int: ...
    def close(self) -> int: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

@final
class Raw:
    def __new__(cls, data: Buffer | str, *, limits: Limits | None = None) -> Raw: ...
    @overload
    def decode(
        self,
        type: type[_T],
        *,
        strict: bool = True,
        limits: Limits | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
    ) -> _T: ...
    @overload
    def decode(
        self,
        type: Any = ...,
        *,
        strict: bool = True,
        limits: Limits | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] | None = None,
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
    ) -> Any: ...
    def __bytes__(self) -> bytes: ...
    def __copy__(self) -> Raw: ...
    def __deepcopy__(self, _memo: Any, /) -> Raw: ...
    def __hash__(self) -> int: ...

def restore_raw(data: bytes) -> Raw: ...

# Encoding.

def dumps(
    obj: Any,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    check_circular: bool = True,
    allow_nan: bool = True,
    cls: type[Any] | None = None,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    default: Callable[[Any], Any] | None = None,
    sort_keys: bool = False,
    limits: Limits | None = None,
    **kw: Any,
) -> str: ...
def encode(
    obj: Any,
    *,
    default: Callable[[Any], Any] | None = None,
    indent: int | str | None = None,
    sort_keys: bool = False,
    omit_defaults: bool = False,
    decimal: Literal["number", "string"] = "number",
    limits: Limits | None = None,
) -> bytes: ...
def encode_lines(
    objs: Iterable[Any],
    *,
    default: Callable[[Any], Any] | None = None,
    sort_keys: bool = False,
    omit_defaults: bool = False,
    decimal: Literal["number", "string"] = "number",
    limits: Limits | None = None,
) -> bytes: ...
def encode_basestring(string: str, /) -> str: ...
def encode_basestring_ascii(string: str, /) -> str: ...
def encode_text(obj: Any, options: tuple[Any, ...]) -> str: ...
def register_json_encoder(encoder: Any, dumps: Callable[..., str]) -> None: ...
def register_shapes(shape_of: Callable[[type[Any]], Any], unset: object) -> None: ...
def known_classes() -> int: ...

@final
class Encoder:
    def __new__(
        cls,
        *,
        default: Callable[[Any], Any] | None = None,
        indent: int | str | None = None,
        sort_keys: bool = False,
        omit_defaults: bool = False,
        decimal: Literal["number", "string"] = "number",
        limits: Limits | None = None,
    ) -> Encoder: ...
    def encode(self, obj: Any) -> bytes: ...
    def encode_lines(self, objs: Iterable[Any]) -> bytes: ...

@final
class make_encoder:  # noqa: N801 - the standard library's name
    def __new__(
        cls,
        markers: dict[int, Any] | None,
        default: Callable[[Any], Any],
        encoder: Callable[[str], str],
        indent: str | None,
        key_separator: str,
        item_separator: str,
        sort_keys: bool,
        skipkeys: bool,
        allow_nan: bool,
        *,
        limits: Limits | None = None,
    ) -> make_encoder: ...
    @property
    def markers(self) -> dict[int, Any] | None: ...
    @property
    def default(self) -> Callable[[Any], Any]: ...
    @property
    def encoder(self) -> Callable[[str], str]: ...
    @property
    def indent(self) -> str | None: ...
    @property
    def key_separator(self) -> str: ...
    @property
    def item_separator(self) -> str: ...
    @property
    def sort_keys(self) -> bool: ...
    @property
    def skipkeys(self) -> bool: ...
    def __call__(self, obj: Any, _current_indent_level: int) -> tuple[str, ...]: ...

@final
class TextChunks:
    def __new__(cls, obj: Any, options: tuple[Any, ...]) -> TextChunks: ...
    def __iter__(self) -> Iterator[str]: ...
    def __next__(self) -> str: ...

# XML.

def register_codec_tables(function: Callable[[str], list[int] | None]) -> None: ...
def register_xml_classes(
    shape_of: Callable[[type[Any]], Any],
    unset: object,
    enumeration: type[Any],
    attributes: type[Any],
    element: type[Any],
    claimed: type[Any],
) -> None: ...
def known_xml_classes() -> int: ...

@final
class XmlEncoder:
    def __new__(
        cls,
        *,
        limits: Limits | None = None,
        default: Callable[[Any], Any] | None = None,
        indent: int | str | None = None,
        encoding: str = "utf-8",
        xml_declaration: bool = False,
        omit_defaults: bool = False,
    ) -> XmlEncoder: ...
    def encode(self, obj: Any) -> bytes: ...

_Names: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | None

@final
class Start:
    __match_args__ = ("name", "attributes", "namespaces")
    def __new__(
        cls,
        name: str,
        attributes: _Names = None,
        namespaces: _Names = None,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> Start: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __getnewargs_ex__(self) -> tuple[tuple[str, dict[str, str], dict[str, str]], dict[str, int]]: ...
    @property
    def name(self) -> str: ...
    @property
    def attributes(self) -> dict[str, str]: ...
    @property
    def namespaces(self) -> dict[str, str]: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class End:
    __match_args__ = ("name",)
    def __new__(
        cls,
        name: str,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> End: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, int]]: ...
    @property
    def name(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class Text:
    __match_args__ = ("text",)
    def __new__(
        cls,
        text: str,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> Text: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, int]]: ...
    @property
    def text(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class Comment:
    __match_args__ = ("text",)
    def __new__(
        cls,
        text: str,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> Comment: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, int]]: ...
    @property
    def text(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class PI:
    __match_args__ = ("target", "data")
    def __new__(
        cls,
        target: str,
        data: str = "",
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> PI: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, int]]: ...
    @property
    def target(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class Doctype:
    __match_args__ = ("name", "public_id", "system_id")
    def __new__(
        cls,
        name: str,
        public_id: str | None = None,
        system_id: str | None = None,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> Doctype: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None, str | None], dict[str, int]]: ...
    @property
    def name(self) -> str: ...
    @property
    def public_id(self) -> str | None: ...
    @property
    def system_id(self) -> str | None: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class Entity:
    __match_args__ = ("name",)
    def __new__(
        cls,
        name: str,
        *,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
    ) -> Entity: ...
    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, int]]: ...
    @property
    def name(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class PullParser:
    def __new__(
        cls,
        *,
        limits: Limits | None = None,
        dtd: Literal["forbid", "bare", "skip", "internal"] = "bare",
        namespaces: bool = True,
        encodings: Literal["all"] | Iterable[str] | None = None,
        coalesce: bool = True,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> PullParser: ...
    def feed(self, data: Buffer) -> None: ...
    def read_events(self) -> list[Start | End | Text | Comment | PI | Doctype | Entity]: ...
    def close(self) -> None: ...
    def fork(self) -> PullParser: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

@final
class XmlPlan:
    def __new__(
        cls, schema: Any, unknown: Literal["rest", "ignore", "error"] | None, nodes: tuple[type[Any], ...]
    ) -> XmlPlan: ...

def register_xml_compiler(
    compile: Callable[[Any, Any, bool], XmlPlan], steps: Callable[[str, Mapping[str, str] | None], tuple[str, ...]]
) -> None: ...
def xml_decode(
    data: Buffer | str,
    type: type[_T],
    *,
    limits: Limits | None = None,
    dtd: Literal["forbid", "bare", "skip", "internal"] = "bare",
    encodings: Literal["all"] | Iterable[str] | None = None,
    unknown: Literal["rest", "ignore", "error"] | None = None,
    strict: bool = True,
    dec_hook: Callable[[Any, str], Any] | None = None,
    comments: Literal["join", "error"] = "join",
    audit: Callable[[LimitBreach], object] | None = None,
) -> _T: ...

@final
class XmlDecoder(Generic[_T]):
    def __new__(
        cls,
        type: type[_T],
        *,
        limits: Limits | None = None,
        dtd: Literal["forbid", "bare", "skip", "internal"] = "bare",
        encodings: Literal["all"] | Iterable[str] | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        strict: bool = True,
        dec_hook: Callable[[Any, str], Any] | None = None,
        comments: Literal["join", "error"] = "join",
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> XmlDecoder[_T]: ...
    def __class_getitem__(cls, item: Any) -> GenericAlias: ...
    def decode(self, data: Buffer | str) -> _T: ...
    @property
    def stats(self) -> Stats: ...

@final
class XmlStreamDecoder(Generic[_T]):
    def __new__(
        cls,
        type: type[_T],
        *,
        at: str,
        namespaces: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        dtd: Literal["forbid", "bare", "skip", "internal"] = "bare",
        encodings: Literal["all"] | Iterable[str] | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        strict: bool = True,
        dec_hook: Callable[[Any, str], Any] | None = None,
        comments: Literal["join", "error"] = "join",
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> XmlStreamDecoder[_T]: ...
    def __class_getitem__(cls, item: Any) -> GenericAlias: ...
    def feed(self, data: Buffer) -> list[_T]: ...
    def close(self) -> list[_T]: ...
    def fork(self) -> XmlStreamDecoder[_T]: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

@final
class XmlChecker:
    def __new__(
        cls,
        limits: Limits | None = None,
        dtd: Literal["forbid", "bare", "skip", "internal"] = "internal",
        encodings: Literal["all"] | Iterable[str] | None = None,
    ) -> XmlChecker: ...
    def feed(self, data: Buffer) -> int: ...
    def close(self) -> int: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

# What sax, minidom and lxml read with.

_Dtd: TypeAlias = Literal["forbid", "bare", "skip", "internal"]

@final
class HandlerParser:
    def __new__(
        cls,
        face: str,
        encoding: str | None = None,
        namespace_separator: str | None = None,
        *,
        intern: dict[Any, Any] | None = None,
        pairs: bool = False,
        attributes: type[Any] | None = None,
        keeps: bool = False,
        limits: Limits | None = None,
        dtd: _Dtd | None = None,
        encodings: Iterable[str] | str | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> HandlerParser: ...
    def Parse(self, data: Buffer | str, isfinal: bool = False) -> int: ...  # noqa: N802 - pyexpat's names
    def SetBase(self, base: str) -> None: ...  # noqa: N802
    def GetBase(self) -> str | None: ...  # noqa: N802
    def GetInputContext(self) -> bytes | None: ...  # noqa: N802
    def GetReparseDeferralEnabled(self) -> bool: ...  # noqa: N802
    def SetReparseDeferralEnabled(self, _enabled: bool) -> None: ...  # noqa: N802
    buffer_size: int
    content: Any
    @property
    def intern(self) -> dict[Any, Any]: ...
    @property
    def refused(self) -> bool: ...
    @property
    def CurrentLineNumber(self) -> int: ...  # noqa: N802
    @property
    def CurrentColumnNumber(self) -> int: ...  # noqa: N802
    @property
    def CurrentByteIndex(self) -> int: ...  # noqa: N802
    @property
    def ErrorLineNumber(self) -> int: ...  # noqa: N802
    @property
    def ErrorColumnNumber(self) -> int: ...  # noqa: N802
    @property
    def ErrorByteIndex(self) -> int: ...  # noqa: N802
    # Handlers and switches: NAMES and SWITCHES in handlers/shared.rs.
    def __getattr__(self, name: str) -> Any: ...
    def __setattr__(self, name: str, value: Any, /) -> None: ...

@final
class SanitizerPlan:
    def __new__(cls, plan: dict[str, Any]) -> SanitizerPlan: ...

@final
class SanitizerRemovals:
    def __len__(self) -> int: ...
    def list(self) -> list[tuple[str, str, str, int, int, int, str]]: ...

@final
class SanitizerStream:
    def __new__(
        cls,
        plan: SanitizerPlan,
        limits: Limits | None = None,
        html_text: Callable[[str], str] | None = None,
        encoding: str | None = None,
    ) -> SanitizerStream: ...
    def feed(self, data: Buffer, write: Callable[[bytes], object]) -> None: ...
    def close(self, write: Callable[[bytes], object]) -> None: ...
    def clean(self, data: Buffer) -> bytes: ...
    def report(self) -> tuple[bool, dict[str, int], SanitizerRemovals]: ...
    @property
    def stats(self) -> Stats: ...

@final
class RelayParser:
    def __new__(
        cls,
        face: str,
        *,
        limits: Limits | None = None,
        dtd: _Dtd | None = None,
        encodings: Iterable[str] | str | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> RelayParser: ...
    def feed(self, data: Buffer | str) -> bytes: ...
    def rest(self) -> bytes: ...
    def close(self) -> bytes: ...

# XML: the tree face.

def register_tree_elements(
    element: type[Any], sub_element: Callable[..., Any], comment: Callable[..., Any], pi: Callable[..., Any]
) -> None: ...
def elements_by_layout() -> bool: ...

@disjoint_base
class Batches:
    def __new__(cls, *_arguments: Any) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def _drop(self) -> None: ...

def fromstring(
    text: Buffer | str,
    parser: Any = None,
    *,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
) -> Element: ...

@final
class TreeParser:
    def __new__(
        cls,
        entity: dict[str, str],
        *,
        target: Any = None,
        encoding: str | None = None,
        limits: Limits | None = None,
        dtd: str | None = None,
        encodings: str | Iterable[str] | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> TreeParser: ...
    def feed(self, data: Buffer | str) -> None: ...
    def close(self) -> Element | None: ...
    def set_target(self, target: Any) -> None: ...
    def set_events(self, events: Iterable[str | bytes] | None, append: Callable[[Any], Any]) -> None: ...
    def take_events(self) -> list[tuple[str, Any]]: ...
    @property
    def begun(self) -> bool: ...
    @property
    def doctype(self) -> bool: ...

# Writing: trees of elements, and documents event by event.

def register_elements(element: type, comment: Any, pi: Any, qname: type, prefixes: dict[str, str]) -> None: ...
def serialize_tree(
    element: Any,
    form: Literal["ascii", "utf-8", "str"],
    html: bool,
    invalid: Literal["error", "replace", "write"],
    declaration: str,
    default_namespace: str | None,
    short_empty_elements: bool,
    limits: Limits | None,
) -> Any: ...

class _BinaryFile(Protocol):
    def write(self, data: bytes, /) -> object: ...

@final
class Writer:
    def __new__(
        cls,
        out: _BinaryFile | Callable[[bytes], object],
        *,
        encoding: Literal["utf-8", "us-ascii"] = "utf-8",
        xml_declaration: bool = False,
        namespaces: bool = True,
        short_empty_elements: bool = True,
        limits: Limits | None = None,
    ) -> Writer: ...
    def start(
        self,
        name: str,
        attributes: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        namespaces: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> None: ...
    def end(self, name: str | None = None) -> None: ...
    def element(
        self,
        name: str,
        attributes: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        text: str | None = None,
        namespaces: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> None: ...
    def text(self, text: str) -> None: ...
    def cdata(self, text: str) -> None: ...
    def comment(self, text: str) -> None: ...
    def pi(self, target: str, data: str | None = None) -> None: ...
    def doctype(self, name: str, public_id: str | None = None, system_id: str | None = None) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    @property
    def depth(self) -> int: ...
    @property
    def stats(self) -> Stats: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...
