"""The sax face beside xml.sax: the same calls, our errors, and nothing external."""

import copy
import io
import pickle
import xml.etree.ElementTree as ET
import xml.sax as stdlib
from xml.sax import handler, saxutils, xmlreader

import pytest

import forkedenc
from forkedenc import Limits
from forkedenc.xml import ParseError, sax

DOCUMENT = b"""<?xml version="1.0"?>
<!DOCTYPE r PUBLIC "-//x" "r.dtd" [
<!ENTITY e "text of e"><!NOTATION gif SYSTEM "gif.exe"><!ENTITY pic SYSTEM "p.gif" NDATA gif>
<!ATTLIST r d CDATA "default"><!-- in the DTD -->]>
<!-- c --><?target data?>
<r xmlns='urn:r' xmlns:p='urn:p' p:a="1" b="2">&e;<p:b xml:lang="en"/><![CDATA[<raw>]]>
 lines
 <c xmlns=""/></r>
"""


class Recorder(handler.ContentHandler, handler.LexicalHandler, handler.DTDHandler):
    """Writes down what it is told."""

    def __init__(self):
        self.calls = []

    def setDocumentLocator(self, locator):
        self.locator = locator


def _record(name):
    def method(self, *arguments):
        self.calls.append((name, *(list(value.items()) if hasattr(value, "items") else value for value in arguments)))

    return method


for _name in [
    "startDocument",
    "endDocument",
    "startElement",
    "endElement",
    "startElementNS",
    "endElementNS",
    "startPrefixMapping",
    "endPrefixMapping",
    "characters",
    "ignorableWhitespace",
    "processingInstruction",
    "skippedEntity",
    "comment",
    "startDTD",
    "endDTD",
    "startCDATA",
    "endCDATA",
    "notationDecl",
    "unparsedEntityDecl",
]:
    setattr(Recorder, _name, _record(_name))


def recorded(module, data, namespaces=False, **options):
    parser, seen = module.make_parser(**options), Recorder()
    parser.setFeature(handler.feature_namespaces, namespaces)
    parser.setContentHandler(seen)
    parser.setDTDHandler(seen)
    parser.setProperty(handler.property_lexical_handler, seen)
    parser.parse(io.BytesIO(data))
    return seen.calls


@pytest.mark.parametrize("namespaces", [False, True])
def test_handlers_are_told_what_the_standard_librarys_reader_tells(namespaces):
    assert recorded(sax, DOCUMENT, namespaces) == recorded(stdlib, DOCUMENT, namespaces)


def test_attributes_by_namespace_know_their_names_as_written():
    seen = []

    class Handler(handler.ContentHandler):
        def startElementNS(self, name, qname, attributes):
            seen.append((name, qname, attributes.getQNames(), attributes.getValueByQName("p:a")))

    parser = sax.make_parser()
    parser.setFeature(handler.feature_namespaces, True)
    parser.setContentHandler(Handler())
    parser.parse(io.BytesIO(b"<x:r xmlns:x='u' xmlns:p='v' p:a='1' b='2'/>"))
    assert seen == [(("u", "r"), None, ["p:a", "b"], "1")]


def test_every_name_of_the_module_is_the_standard_librarys():
    for name in ("ContentHandler", "ErrorHandler", "InputSource", "SAXException", "SAXParseException", "handler"):
        assert getattr(sax, name) is getattr(stdlib, name)
    assert (sax.saxutils, sax.xmlreader) == (saxutils, xmlreader)
    assert isinstance(sax.make_parser(["no.such.module"]), xmlreader.IncrementalParser)
    assert isinstance(stdlib.make_parser(["forkedenc.xml.sax"]), sax.Reader)


def test_a_document_in_chunks_is_read_as_they_come():
    parser, seen = sax.make_parser(), Recorder()
    parser.setContentHandler(seen)
    for chunk in (b"<a>", "<b x=", b"'1'", "/>é"):
        parser.feed(chunk)
    assert ("startElement", "b", [("x", "1")]) in seen.calls
    parser.flush()
    parser.feed("</a>")
    parser.close()
    assert [call[0] for call in seen.calls][-1] == "endDocument"
    # Closed twice, and never begun: as the standard library has it.
    parser.close()
    sax.make_parser().close()


def test_reset_begins_another_document():
    parser, seen = sax.make_parser(), Recorder()
    parser.setContentHandler(seen)
    parser.feed(b"<a><b>")
    parser.reset()
    parser.feed(b"<c/>")
    parser.close()
    assert [call[1] for call in seen.calls if call[0] == "startElement"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "feature", [handler.feature_external_ges, handler.feature_external_pes, handler.feature_validation]
)
def test_what_would_read_something_else_is_not_supported(feature):
    parser = sax.make_parser()
    with pytest.raises(sax.SAXNotSupportedException):
        parser.setFeature(feature, True)
    parser.setFeature(feature, False)
    assert not parser.getFeature(feature)


def test_an_unknown_feature_is_not_recognized():
    with pytest.raises(sax.SAXNotRecognizedException):
        sax.make_parser().setFeature("urn:no-such-feature", True)


def test_the_resolver_of_entities_is_never_asked():
    class Resolver(handler.EntityResolver):
        def resolveEntity(self, *arguments):
            raise AssertionError(arguments)

    seen = Recorder()
    parser = sax.make_parser()
    parser.setEntityResolver(Resolver())
    parser.setContentHandler(seen)
    data = b"<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY e SYSTEM 'e.xml'><!ENTITY % p SYSTEM 'p'>%p;]><a>1&e;2&f;3</a>"
    parser.parse(io.BytesIO(data))
    assert [call for call in seen.calls if call[0] in {"characters", "skippedEntity"}] == [
        ("characters", "1"),
        ("characters", "2"),
        ("skippedEntity", "f"),
        ("characters", "3"),
    ]


def refusal(data, **options):
    with pytest.raises(sax.SAXParseException) as caught:
        sax.parseString(data, handler.ContentHandler(), **options)
    return caught.value


def test_an_error_is_all_that_old_code_may_expect():
    error = refusal(b"<a>\n <b></c></a>")
    assert isinstance(error, (ParseError, ET.ParseError, forkedenc.DecodeError, ValueError))
    with pytest.raises(stdlib.SAXParseException) as caught:
        stdlib.parseString(b"<a>\n <b></c></a>", handler.ContentHandler())
    theirs = caught.value
    assert str(error) == str(theirs)
    assert (error.getLineNumber(), error.getColumnNumber()) == (theirs.getLineNumber(), theirs.getColumnNumber())
    assert (error.offset, error.line, error.column, error.path, error.kind) == (10, 2, 7, "/a/b", "tag_mismatch")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again), vars(again).keys()) == (type(error), str(error), vars(error).keys())


def test_an_error_names_the_document():
    source = sax.InputSource()
    source.setSystemId("document.xml")
    source.setPublicId("-//document")
    source.setByteStream(io.BytesIO(b"<a>\n</b>"))
    parser = sax.make_parser()
    with pytest.raises(sax.SAXParseException) as caught:
        parser.parse(source)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.getSystemId(), error.getPublicId()) == ("document.xml", "-//document")
    assert str(error) == "document.xml:2:2: mismatched tag"


def test_an_error_handler_may_swallow_what_it_is_told():
    class Quiet(handler.ErrorHandler):
        def __init__(self):
            self.told = []

        def fatalError(self, exception):
            self.told.append(exception)

    quiet, parser = Quiet(), sax.make_parser()
    parser.setErrorHandler(quiet)
    parser.feed(b"<a></b>")
    parser.feed(b"<c>")
    parser.close()
    assert [error.kind for error in quiet.told] == ["tag_mismatch"] * 3


def test_an_error_of_another_document_is_not_the_error_handlers_business():
    class Nested(handler.ContentHandler):
        def startElement(self, name, attributes):
            sax.parseString(b"<x></y>", handler.ContentHandler())

    class Quiet(handler.ErrorHandler):
        def fatalError(self, exception):
            raise AssertionError("told of another document's error")

    parser = sax.make_parser()
    parser.setContentHandler(Nested())
    parser.setErrorHandler(Quiet())
    with pytest.raises(sax.SAXParseException) as caught:
        parser.feed(b"<a/>")
    assert caught.value.path == "/x"


def test_a_document_that_is_cut_short_is_incomplete():
    for data in (b"<a>", b"<a><b", b"", b"<a>x</a"):
        error = refusal(data)
        assert isinstance(error, forkedenc.IncompleteError)
        assert isinstance(error, sax.SAXParseException)


def test_a_limit_is_refused_while_the_token_arrives():
    parser = sax.make_parser(limits=Limits(max_attribute_bytes=100))
    parser.feed(b"<a b='")
    with pytest.raises(forkedenc.LimitError) as caught:
        for _ in range(200):
            parser.feed(b"x")
    error = caught.value
    assert (error.limit, error.maximum, error.observed, error.offset) == ("max_attribute_bytes", 100, 101, 106)
    assert isinstance(error, sax.SAXParseException)
    deep = refusal(b"<a>" * 5, limits=Limits(max_depth=4))
    assert isinstance(deep, RecursionError)


@pytest.mark.parametrize(
    "data, options, kind",
    [
        (b"<!DOCTYPE a><a/>", {"dtd": "forbid"}, "dtd_forbidden"),
        (b"<!DOCTYPE a><a/>", {"forbid_dtd": True}, "dtd_forbidden"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><a/>", {"dtd": "bare"}, "dtd_forbidden"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><a/>", {"forbid_entities": True}, "entity_forbidden"),
        (b"<!DOCTYPE a [<!ENTITY e SYSTEM 'x'>]><a/>", {"forbid_external": True}, "external_forbidden"),
        (b"<?xml version='1.0' encoding='koi8-r'?><a/>", {"encodings": ["utf-8"]}, "unknown_encoding"),
    ],
)
def test_policies_refuse(data, options, kind):
    assert refusal(data, **options).kind == kind


def test_wrong_options_are_refused_when_the_reader_is_made():
    for options in ({"limits": 3}, {"encodings": 3}, {"no_such": 1}):
        with pytest.raises(TypeError):
            sax.make_parser(**options)
    with pytest.raises(ValueError, match="dtd must be"):
        sax.make_parser(dtd="external")


def test_the_locator_is_where_the_event_is():
    places = []

    class Handler(handler.ContentHandler):
        def setDocumentLocator(self, locator):
            self.locator = locator

        def startElement(self, name, attributes):
            places.append((name, self.locator.getLineNumber(), self.locator.getColumnNumber()))

    sax.parseString("<a>\n  é<b/>\r\n\r<c d='\n'/></a>".encode(), Handler())
    assert places == [("a", 1, 0), ("b", 2, 3), ("c", 4, 0)]


def test_python_single_byte_codecs_are_read():
    seen = Recorder()
    sax.parseString("<?xml version='1.0' encoding='koi8-r'?><a>Привет</a>".encode("koi8-r"), seen)
    assert ("characters", "Привет") in seen.calls


def test_an_encoding_from_outside_is_believed():
    source = sax.InputSource()
    source.setByteStream(io.BytesIO("<?xml version='1.0' encoding='utf-8'?><a>é</a>".encode("latin-1")))
    source.setEncoding("iso-8859-1")
    seen, parser = Recorder(), sax.make_parser()
    parser.setContentHandler(seen)
    parser.parse(source)
    assert ("characters", "é") in seen.calls


def test_names_are_interned_in_the_dict_of_the_property():
    parser, names = sax.make_parser(), {}
    parser.setProperty(handler.property_interning_dict, names)
    parser.setFeature(handler.feature_namespaces, True)
    parser.feed(b"<p:name xmlns:p='urn:u'/>")
    assert {"name", "urn:u"} <= set(names)
    assert parser.getFeature(handler.feature_string_interning)


def test_the_input_can_be_asked_for_while_a_handler_runs():
    parser = sax.make_parser()
    seen = []

    class Handler(handler.ContentHandler):
        def startElement(self, name, attributes):
            seen.append(parser.getProperty(handler.property_xml_string))

    parser.setContentHandler(Handler())
    parser.feed(b"<a><b/></a>")
    assert seen == [b"<a><b/></a>", b"<b/></a>"]


@pytest.mark.parametrize("namespaces", [False, True])
def test_a_handler_may_set_its_own_methods_anew(namespaces):
    seen = []

    class Handler(handler.ContentHandler):
        def startElement(self, name, *rest):
            seen.append(("first", name))
            self.startElement = self.startElementNS = lambda name, *rest: seen.append(("second", name))

        def startElementNS(self, name, *rest):
            self.startElement(name)

    for module in (sax, stdlib):
        parser = module.make_parser()
        parser.setFeature(handler.feature_namespaces, namespaces)
        parser.setContentHandler(Handler())
        parser.feed(b"<a><b/></a>")
    names = [(None, "a"), (None, "b")] if namespaces else ["a", "b"]
    assert seen == [("first", names[0]), ("second", names[1])] * 2


def test_another_content_handler_may_take_over_while_one_runs():
    told = []
    for module in (sax, stdlib):
        parser, second = module.make_parser(), Recorder()

        class First(handler.ContentHandler):
            def startElement(self, name, attributes, parser=parser, second=second):
                parser.setContentHandler(second)

        parser.setContentHandler(First())
        parser.feed(b"<a>1<b/></a>")
        parser.close()
        told.append(second.calls)
    assert told[0] == told[1]
    assert told[0][:2] == [("characters", "1"), ("startElement", "b", [])]


def test_a_reader_of_ones_own_is_asked_first():
    seen = []

    class Own(sax.Reader):
        def start_element(self, name, attrs):
            seen.append((name, attrs))
            super().start_element(name.upper(), attrs)

    parser, recorder = Own(), Recorder()
    parser.setContentHandler(recorder)
    parser.feed(b"<a b='1'/>")
    parser.close()
    assert seen == [("a", {"b": "1"})]
    assert ("startElement", "A", [("b", "1")]) in recorder.calls


@pytest.mark.parametrize("namespaces", [False, True])
def test_attributes_are_objects_of_the_standard_librarys_classes(namespaces):
    kept = []

    class Handler(handler.ContentHandler):
        def startElement(self, name, attributes):
            kept.append(attributes)

        def startElementNS(self, name, qname, attributes):
            kept.append(attributes)

    for module in (sax, stdlib):
        parser = module.make_parser()
        parser.setFeature(handler.feature_namespaces, namespaces)
        parser.setContentHandler(Handler())
        parser.feed(b"<a b='1'><c/></a>")
    ours, theirs = kept[:2], kept[2:]
    assert [(type(one), vars(one)) for one in ours] == [(type(one), vars(one)) for one in theirs]
    assert type(ours[0]) is (xmlreader.AttributesNSImpl if namespaces else xmlreader.AttributesImpl)
    # Each has its own.
    ours[0]._attrs.clear()
    assert copy.copy(ours[1]).getLength() == 0


@pytest.mark.parametrize("name", ["startElement", "endElement", "startElementNS", "endElementNS"])
def test_what_a_content_handler_raises_comes_out(name):
    class Handler(handler.ContentHandler):
        pass

    def fail(*arguments):
        raise ZeroDivisionError(name)

    setattr(Handler, name, fail)
    parser = sax.make_parser()
    parser.setFeature(handler.feature_namespaces, name.endswith("NS"))
    parser.setContentHandler(Handler())
    with pytest.raises(ZeroDivisionError, match=name):
        parser.feed(b"<a/>")


def test_a_content_handler_without_methods_is_an_error_of_its_own():
    for namespaces in (False, True):
        parser = sax.make_parser()
        parser.setFeature(handler.feature_namespaces, namespaces)
        parser.feed(b"")
        parser._cont_handler = parser._parser.content = object()
        with pytest.raises(AttributeError, match="startElement"):
            parser.feed(b"<a/>")


def test_filters_and_generators_of_the_standard_library_run_on_the_reader():
    class Upper(saxutils.XMLFilterBase):
        def startElement(self, name, attributes):
            super().startElement(name.upper(), attributes)

        def endElement(self, name):
            super().endElement(name.upper())

    out = io.StringIO()
    reader = Upper(sax.make_parser())
    reader.setContentHandler(saxutils.XMLGenerator(out))
    reader.parse(io.BytesIO(b"<a b='1'>x<c/></a>"))
    assert out.getvalue().endswith('<A b="1">x<C></C></A>')
