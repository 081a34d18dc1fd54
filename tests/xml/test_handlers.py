"""The parser with handlers beside pyexpat's: the same calls with the same arguments, whatever a handler does meanwhile."""

import gc
import pyexpat
import sys
import threading
import weakref

import pytest

from forkedenc import Limits, _native
from forkedenc.xml import ParseError

HANDLERS = [
    "StartElementHandler",
    "EndElementHandler",
    "ProcessingInstructionHandler",
    "CommentHandler",
    "StartCdataSectionHandler",
    "EndCdataSectionHandler",
    "StartNamespaceDeclHandler",
    "EndNamespaceDeclHandler",
    "StartDoctypeDeclHandler",
    "EndDoctypeDeclHandler",
    "XmlDeclHandler",
    "ElementDeclHandler",
    "AttlistDeclHandler",
    "EntityDeclHandler",
    "NotationDeclHandler",
    "SkippedEntityHandler",
    "ExternalEntityRefHandler",
]

DTD = b"""<?xml version="1.0" standalone='no'?>
<!-- before --><?pi before?>
<!DOCTYPE r PUBLIC "-//x//y" 'r.dtd' [
  <!ELEMENT r (a?, (b | c)*, (d, e)+)>  <!ELEMENT a EMPTY><!ELEMENT b ANY>
  <!ELEMENT c (#PCDATA)><!ELEMENT d (#PCDATA | a | b)*><!ELEMENT e ((((a))))><!ELEMENT f (a)?>
  <!-- inside --><?pi inside?>
  <!ENTITY one "1"><!ENTITY one "again"><!ENTITY lt "&#38;#60;">
  <!ENTITY % pe "x"><!ENTITY outside SYSTEM "o.xml"><!ENTITY outside2 PUBLIC "-//p" "o2.xml">
  <!NOTATION gif SYSTEM "gif.exe"><!NOTATION png PUBLIC "-//png"><!NOTATION jpg PUBLIC "-//jpg" "jpg.exe">
  <!ENTITY picture SYSTEM "p.gif" NDATA gif>
  <!ATTLIST a id ID #IMPLIED kind (x|y) "x" ref IDREF #REQUIRED fix CDATA #FIXED "f" n NOTATION (gif|png) #IMPLIED
              toks NMTOKENS " a  b "><!ATTLIST a id CDATA "again">
]>
<r one="&one;">&one;&outside;<a ref='q' toks='  c   d '/>&outside2;&unknown;</r><!-- after --><?pi?>
"""
DOCUMENTS = {
    "elements": b"<r><a x='1' y=\"&lt;2&#62;\"/>text &amp; more<b>\n line\r\n\r</b>\xc3\xa9\xf0\x9f\x98\x80</r>",
    "sections": b"<r>a<![CDATA[b\n<c>]]><![CDATA[]]>d<!-- e --><?f g  h ?></r>",
    "namespaces": b"<r xmlns='u' xmlns:p='v'><p:a p:x='1' x='2' xml:lang='en'><b xmlns=''/></p:a>"
    b"<q:c xmlns:q='v' xmlns:xml='http://www.w3.org/XML/1998/namespace'/></r>",
    "declarations": DTD,
    "declaration of standalone": b"<?xml version='1.0' encoding='utf-8' standalone='yes'?><r/>",
    "DOCTYPE alone": b"<!DOCTYPE r><r/>",
    "parameter entities": b"<!DOCTYPE r [<!ENTITY % a SYSTEM 'a'><!ENTITY % b '<!ENTITY c \"d\">'>%b;%a;%unknown;<!ENTITY e 'f'>]>"
    b"<r>&c;&e;</r>",
}
SETTINGS = {
    "as it is": {},
    "ordered": {"ordered_attributes": True},
    "specified": {"specified_attributes": True},
    "ordered and specified": {"ordered_attributes": True, "specified_attributes": True},
    "prefixes": {"namespace_prefixes": True},
}


def ours(**options):
    return _native.HandlerParser("xml", **options)


def expat(**options):
    parser = pyexpat.ParserCreate(**options)
    # Else expat calls the handler of skipped entities for what it does not even look for.
    parser.SetParamEntityParsing(pyexpat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
    return parser


def calls(parser, data, size=None, settings=(), buffer=False):
    """What the handlers are told; text joined, unless it is buffered and so the parser's own cut."""
    seen = []

    def text(piece):
        if seen and seen[-1][0] == "text" and not buffer:
            seen[-1] = ("text", seen[-1][1] + piece)
        else:
            seen.append(("text", piece))

    def record(name):
        # pyexpat tells of external subsets as well; those have no context, and ours is the entity's name.
        if name == "ExternalEntityRefHandler":
            return lambda context, *rest: seen.append((name, *rest)) or 1 if context is not None else 1
        return lambda *arguments: seen.append((name, *arguments))

    for name in HANDLERS:
        setattr(parser, name, record(name))
    parser.CharacterDataHandler = text
    parser.buffer_text = buffer
    for name, value in dict(settings).items():
        setattr(parser, name, value)
    parser.SetBase("base")
    size = size or len(data)
    for start in range(0, len(data), size):
        parser.Parse(data[start : start + size], False)
    parser.Parse(b"", True)
    return seen


@pytest.mark.parametrize("size", [None, 1, 3, 7], ids=lambda size: f"chunks of {size}" if size else "whole")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("separator", [None, " ", "}"], ids=["off", "space", "brace"])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_handlers_are_called_as_pyexpat_calls_them(document, separator, setting, size):
    data, settings = DOCUMENTS[document], SETTINGS[setting]
    options = {"namespace_separator": separator}
    assert calls(ours(**options), data, size, settings) == calls(expat(**options), data, size, settings)


@pytest.mark.parametrize(
    "handlers", [["UnparsedEntityDeclHandler"], ["UnparsedEntityDeclHandler", "EntityDeclHandler"]]
)
def test_an_unparsed_entity_is_told_to_its_own_handler_where_there_is_one(handlers):
    seen = []
    for parser in (ours(), expat()):
        told = []
        for name in handlers:
            setattr(parser, name, lambda *arguments, name=name, told=told: told.append((name, *arguments)))
        parser.Parse(DTD, True)
        seen.append(told)
    assert seen[0] == seen[1]
    assert ("UnparsedEntityDeclHandler", "picture", None, "p.gif", None, "gif") in seen[0]


def test_text_is_cut_where_expat_cuts_it():
    data = b"<r>\nfoo\nbar\n  baz\r\nqux&amp;x&#65;yy]]z\n\n<b/> \n</r>"
    seen = []
    for parser in (ours(), expat()):
        pieces = []
        parser.CharacterDataHandler = pieces.append
        parser.Parse(data, True)
        seen.append(pieces)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("size", [1, 5, 8, 4096])
def test_buffered_text_is_whole_up_to_the_size_of_the_buffer(size):
    data = b"<r>" + b"line &amp; line\n" * 3 + b"<a/><![CDATA[x]]>y</r>"
    parser = ours()
    pieces = []
    parser.buffer_text, parser.buffer_size, parser.CharacterDataHandler = True, size, pieces.append
    parser.Parse(data, True)
    assert "".join(pieces) == "line & line\n" * 3 + "xy"
    if size == 4096:
        # Without handlers for what lies between, it is no reason to cut.
        assert pieces == ["line & line\n" * 3 + "xy"]
    parser = ours()
    assert calls(parser, data, buffer=True).count(("text", "xy")) == 0
    with pytest.raises(ValueError, match="buffer_size"):
        parser.buffer_size = 0


def test_content_models_may_be_nested_deeper_than_the_c_stack_goes():
    depth = 200_000
    models = []
    parser = ours(limits=Limits.stdlib().replace(max_depth=None))
    parser.ElementDeclHandler = lambda name, model: models.append((name, model))
    parser.Parse(b"<!DOCTYPE r [<!ELEMENT r " + b"(" * depth + b"a" + b")" * depth + b">]><r/>", True)
    ((name, model),) = models
    assert name == "r"
    for _ in range(depth):
        kind, quantifier, name, (model,) = model
        assert (kind, quantifier, name) == (6, 0, None)
    assert model == (4, 0, "a", ())


def test_names_in_pairs_are_told_apart_from_what_separates_them():
    seen = []
    parser = ours(pairs=True)
    parser.StartElementHandler = lambda *arguments: seen.append(arguments)
    parser.EndElementHandler = lambda *arguments: seen.append(arguments)
    parser.Parse("<p:a xmlns:p='u v\u00a0w' p:x='1' y='2'/>", True)
    uri = "u v\u00a0w"
    values = {(uri, "x"): "1", (None, "y"): "2"}
    assert seen == [((uri, "a"), values, {(uri, "x"): "p:x", (None, "y"): "y"}), ((uri, "a"),)]


def test_a_namespace_uri_with_the_separator_in_it_is_refused():
    for separator, uri in ((" ", "u v"), ("|", "u|v")):
        parser = ours(namespace_separator=separator)
        parser.StartElementHandler = print
        with pytest.raises(ParseError) as caught:
            parser.Parse(f"<r>\n<a xmlns='{uri}'/></r>", True)
        assert (caught.value.kind, caught.value.offset, caught.value.line) == ("namespace_syntax", 4, 2)
        assert parser.refused
    with pytest.raises(ValueError, match="one ASCII character"):
        ours(namespace_separator="ab")


def test_the_piece_of_the_subset_are_told_as_written():
    subset = b"\n <!ELEMENT r ANY> <!-- c --><?p d?>\n<!ENTITY e 'v'>\t"
    pieces = []
    parser = ours()
    parser.InternalSubsetHandler = pieces.append
    parser.Parse(b"<!DOCTYPE r [" + subset + b"]><r>&e;<!-- no --><?no?></r>", True)
    assert "".join(pieces) == subset.decode()


def test_handlers_may_be_changed_while_they_run():
    seen = []
    parser = ours()

    def start(name, attributes):
        seen.append(("first", name))
        parser.StartElementHandler = lambda name, attributes: seen.append(("second", name))
        parser.CharacterDataHandler = seen.append
        parser.ordered_attributes = True
        del attributes

    def end(name):
        seen.append(("end", name))
        parser.EndElementHandler = None
        parser.CharacterDataHandler = None

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(b"<a>1<b x='1'>2</b>3<c/>4</a>", True)
    assert seen == [("first", "a"), "1", ("second", "b"), "2", ("end", "b"), ("second", "c")]
    assert parser.EndElementHandler is None
    assert parser.ordered_attributes is True


def test_a_handler_that_drops_the_last_reference_to_everything_is_survived():
    def build():
        parser = ours()
        holder = {"parser": parser}

        def start(name, attributes):
            del name, attributes
            holder.clear()
            parser_of_the_handler.StartElementHandler = None
            gc.collect()

        parser_of_the_handler = parser
        parser.StartElementHandler = start
        return holder

    build()["parser"].Parse(b"<a><b/><c/></a>", True)
    gc.collect()


def test_cycles_through_handlers_are_collected():
    class Owner:
        def __init__(self):
            self.parser = ours(intern={})
            self.parser.StartElementHandler = self.start
            self.parser.intern["me"] = self
            self.parser.SetBase("b")

        def start(self, name, attributes):
            pass

    owner = Owner()
    owner.parser.Parse(b"<a><b", False)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_a_handlers_exception_ends_the_parse_and_comes_out_as_it_is():
    class EnoughError(Exception):
        pass

    error = EnoughError("enough")
    seen = []

    def start(name, attributes):
        seen.append(name)
        if name == "b":
            raise error

    parser = ours()
    parser.StartElementHandler = start
    with pytest.raises(EnoughError) as caught:
        parser.Parse(b"<a><b/><c/></a>", True)
    assert caught.value is error
    assert seen == ["a", "b"]
    assert not parser.refused
    with pytest.raises(RuntimeError, match="handler's exception"):
        parser.Parse(b"", True)
    assert seen == ["a", "b"]


@pytest.mark.parametrize(
    "name", [*HANDLERS, "CharacterDataHandler", "InternalSubsetHandler", "UnparsedEntityDeclHandler"]
)
def test_every_handler_may_raise(name):
    def fail(*arguments):
        del arguments
        raise ZeroDivisionError(name)

    data = DTD if name not in {"StartCdataSectionHandler", "EndCdataSectionHandler"} else DOCUMENTS["sections"]
    data = DOCUMENTS["namespaces"] if "Namespace" in name else data
    for size in (len(data), 1):
        parser = ours(namespace_separator=" ")
        setattr(parser, name, fail)
        with pytest.raises(ZeroDivisionError, match=name):
            for start in range(0, len(data), size):
                parser.Parse(data[start : start + size], False)
            parser.Parse(b"", True)


def test_a_handler_that_parses_with_the_same_parser_gets_an_error():
    parser = ours()
    failures = []

    def start(name, attributes):
        del attributes
        with pytest.raises(RuntimeError, match="in use") as caught:
            parser.Parse(b"<x/>", True)
        failures.append((name, caught.type))

    parser.StartElementHandler = start
    parser.Parse(b"<a><b/></a>", True)
    assert failures == [("a", RuntimeError), ("b", RuntimeError)]


def test_a_handler_may_parse_with_another_parser():
    names = []

    def inner(name, attributes):
        names.append(("inner", name, attributes))

    def outer(name, attributes):
        names.append(("outer", name, attributes))
        parser = ours()
        parser.StartElementHandler = inner
        parser.Parse(b"<x y='1'/>", True)

    parser = ours()
    parser.StartElementHandler = outer
    parser.Parse(b"<a b='1'><c d='2'/></a>", True)
    assert names == [
        ("outer", "a", {"b": "1"}),
        ("inner", "x", {"y": "1"}),
        ("outer", "c", {"d": "2"}),
        ("inner", "x", {"y": "1"}),
    ]


def test_another_thread_finds_the_parser_in_use():
    parser, inside, go_on, seen = ours(), threading.Event(), threading.Event(), []

    def start(name, attributes):
        del name, attributes
        inside.set()
        go_on.wait(30)

    def use():
        inside.wait(30)
        try:
            parser.Parse(b"<x/>", False)
        except RuntimeError as error:
            seen.append(str(error))
        # Looking and setting are allowed.
        seen.append((parser.CurrentLineNumber, parser.CurrentByteIndex))
        parser.StartElementHandler = None
        go_on.set()

    parser.StartElementHandler = start
    other = threading.Thread(target=use)
    other.start()
    parser.Parse(b"<a>\n<b/></a>", True)
    other.join()
    assert "in use" in seen[0]
    assert seen[1] == (1, 0)


@pytest.mark.parametrize("size", [None, 1, 2])
def test_handlers_are_told_where_their_event_stands(size):
    data = "<r>\n  <a b='é'/>é<!-- c -->\n\n<d>\n</d><?p q?></r>".encode()
    names = ("StartElementHandler", "EndElementHandler", "CommentHandler", "ProcessingInstructionHandler")
    seen = []
    for parser in (ours(), pyexpat.ParserCreate()):
        places = []

        def note(*arguments, parser=parser, places=places):
            del arguments
            places.append((parser.CurrentByteIndex, parser.CurrentLineNumber, parser.CurrentColumnNumber))

        for name in names:
            setattr(parser, name, note)
        for start in range(0, len(data), size or len(data)):
            parser.Parse(data[start : start + (size or len(data))], False)
        parser.Parse(b"", True)
        seen.append(places)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "data", [b"<a>\n</b>", b"<a>\n <b", b"<a>\n\x01</a>", b"<a>\n ", b"<a/>\n\n<b/>", b"<a>&x;</a>"]
)
def test_a_refusal_is_placed_where_expat_places_it(data):
    parser, theirs = ours(), pyexpat.ParserCreate()
    with pytest.raises(ParseError):
        parser.Parse(data, True)
    with pytest.raises(pyexpat.ExpatError):
        theirs.Parse(data, True)
    assert parser.refused
    assert (parser.ErrorByteIndex, parser.ErrorLineNumber, parser.ErrorColumnNumber) == (
        theirs.ErrorByteIndex,
        theirs.ErrorLineNumber,
        theirs.ErrorColumnNumber,
    )
    with pytest.raises(ParseError):
        parser.Parse(b"", True)


def test_the_input_of_an_event_is_at_hand_while_its_handler_runs():
    parser = ours()
    contexts = []
    assert parser.GetInputContext() is None
    parser.StartElementHandler = lambda name, attributes: contexts.append(parser.GetInputContext())
    parser.Parse(b"<a>\n<b ", False)
    parser.Parse(b"/><c/></a>", True)
    assert contexts == [b"<a>\n<b ", b"/><c/></a>", b"<c/></a>"]
    assert parser.GetInputContext() is None


def test_names_are_found_again_in_the_dict_that_was_given():
    first, second = [], []
    intern = {}
    for seen in (first, second):
        parser = ours(intern=intern)
        assert parser.intern is intern
        parser.StartElementHandler = lambda name, attributes, seen=seen: seen.extend([name, *attributes])
        parser.Parse(b"<element attribute='1'/>", True)
    assert all(one is other for one, other in zip(first, second, strict=True))
    assert set(intern) == {"element", "attribute"}


def test_str_is_read_as_it_is_whatever_its_declaration_says():
    seen = []
    parser = ours()
    parser.CharacterDataHandler = seen.append
    parser.Parse("<?xml version='1.0' encoding='iso-8859-1'?><a>é", False)
    parser.Parse("€😀</a>", True)
    assert "".join(seen) == "é€😀"


def test_only_known_attributes_exist():
    parser = ours()
    with pytest.raises(AttributeError):
        parser.NoSuchHandler = print
    with pytest.raises(AttributeError):
        parser.NoSuchHandler
    with pytest.raises(TypeError, match="callable"):
        parser.StartElementHandler = 1
    parser.StartElementHandler = print
    assert parser.StartElementHandler is print
    parser.StartElementHandler = None
    assert parser.StartElementHandler is None
    with pytest.raises(AttributeError):
        parser.refused = True


def test_what_was_read_ends_with_the_last_chunk():
    parser = ours()
    assert parser.Parse(b"<a/>", True) == 1
    with pytest.raises(ValueError, match="has ended"):
        parser.Parse(b"<a/>", True)
    with pytest.raises(TypeError):
        ours().Parse(1)


def test_limits_are_those_of_the_standard_librarys_faces_unless_others_are_given():
    ours().Parse(b"<a>" * 10_000 + b"</a>" * 10_000, True)
    with pytest.raises(RecursionError):
        ours(limits=Limits(max_depth=3)).Parse(b"<a>" * 4, True)
    with pytest.raises(TypeError):
        ours(limits=3)


def test_arguments_of_handlers_are_not_kept():
    arguments = []
    parser = ours()
    parser.StartElementHandler = lambda name, attributes: arguments.append(attributes)
    parser.Parse(b"<a b='a value of more than sixteen bytes'/>", True)
    (attributes,) = arguments
    arguments.clear()
    (value,) = attributes.values()
    # The dict, the local name, and the call's own.
    assert sys.getrefcount(attributes) == 2
    assert sys.getrefcount(value) == 3


def test_names_stay_right_when_a_document_has_more_namespaces_than_are_kept():
    # The same written names all the time, each time in another namespace, some of them in force throughout.
    data = (
        b"<r xmlns='urn:r' xmlns:k='urn:k'>"
        + b"".join(
            b"<p:a xmlns:p='urn:%d:%s' p:x='1' k:y='2'><k:b/><c/></p:a>" % (number, b"u" * 100)
            for number in range(6000)
        )
        + b"</r>"
    )
    seen = []
    for parser in (ours(namespace_separator=" "), expat(namespace_separator=" ")):
        told = []
        parser.namespace_prefixes = True
        parser.StartElementHandler = lambda *arguments, told=told: told.append(arguments)
        parser.EndElementHandler = told.append
        for start in range(0, len(data), 65536):
            parser.Parse(data[start : start + 65536], False)
        parser.Parse(b"", True)
        seen.append(told)
    assert seen[0] == seen[1]
