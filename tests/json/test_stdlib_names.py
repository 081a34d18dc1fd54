"""Names of the standard library's modules that no documentation promises, and programs use all the same."""

import decimal
import gc
import importlib
import inspect
import io
import json as stdlib
import types

import pytest

from forkedenc import json

MODULES = ("json", "json.decoder", "json.encoder", "json.scanner")
NOT_OURS = {
    "json": {"__author__", "codecs"},
    "json.decoder": set(),
    "json.encoder": set(),
    "json.scanner": set(),
}
DOCUMENT = '{"b": [1, -0.5e3, {"k\\u00e9": "x\\n"}], "a": {}, "c": [[], NaN, -Infinity, true, null], "d": {"b": 10}}'
BAD = ["", "[1,]", '{"a" 1}', '{"a": tru}', '["\t"]', '["\\q"]', '["\\u12"]', "[1 2]", '{"a":1,}', '"abc', "[1]]"]
BOTH = pytest.mark.parametrize("module", [stdlib, json], ids=["stdlib", "forkedenc"])


@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_the_running_version_is_there(name):
    theirs, ours = importlib.import_module(name), importlib.import_module(f"forkedenc.{name}")
    # Submodules are attributes as soon as anybody has imported them.
    submodules = {"decoder", "encoder", "scanner", "tool"}
    missing = {key for key in vars(theirs) if not hasattr(ours, key)} - submodules
    assert missing - NOT_OURS[name] == set()


@pytest.mark.parametrize("name", ["JSONDecoder", "JSONEncoder"])
def test_every_attribute_of_the_classes_and_their_instances_is_there(name):
    theirs, ours = getattr(stdlib, name), getattr(json, name)
    assert [key for key in dir(theirs) if not hasattr(ours, key)] == []
    assert vars(theirs()).keys() <= vars(ours()).keys()


@pytest.mark.parametrize("name", ["load", "loads", "dump", "dumps", "JSONDecoder", "JSONEncoder", "detect_encoding"])
def test_every_parameter_has_the_standard_librarys_name_kind_and_default(name):
    theirs = inspect.signature(getattr(stdlib, name)).parameters
    ours = inspect.signature(getattr(json, name)).parameters
    for key, parameter in theirs.items():
        assert (ours[key].kind, ours[key].default) == (parameter.kind, parameter.default), key
    # What is ours alone can be given by keyword only.
    assert all(ours[key].kind is inspect.Parameter.KEYWORD_ONLY for key in ours.keys() - theirs.keys())


@pytest.mark.parametrize("method", ["decode", "raw_decode"])
def test_every_method_of_the_decoder_takes_the_same(method):
    theirs, ours = getattr(stdlib.JSONDecoder, method), getattr(json.JSONDecoder, method)
    assert list(inspect.signature(theirs).parameters) == list(inspect.signature(ours).parameters)


def with_own_pieces(module):
    """The well-known way to decode arrays to tuples and objects to sorted pairs."""

    class Own(module.JSONDecoder):
        def __init__(self, **options):
            super().__init__(**options)
            self.parse_array = self.own_array
            self.parse_object = self.own_object
            self.parse_string = self.own_string
            self.scan_once = module.scanner.py_make_scanner(self)

        def own_array(self, s_and_end, scan_once, **options):
            values, end = module.decoder.JSONArray(s_and_end, scan_once, **options)
            return tuple(values), end

        def own_object(self, *arguments, **options):
            value, end = module.decoder.JSONObject(*arguments, **options)
            return sorted(value.items(), key=lambda pair: pair[0]), end

        def own_string(self, s, end, strict):
            value, end = module.decoder.py_scanstring(s, end, strict)
            return value.upper(), end

    return Own


def test_a_decoder_may_replace_its_parse_functions_by_the_python_scanner():
    ours, theirs = (
        repr(with_own_pieces(module)(parse_float=decimal.Decimal).decode(DOCUMENT)) for module in (json, stdlib)
    )
    assert ours == theirs
    assert "Decimal('-0.5e3')" in ours.replace("-5E+2", "-0.5e3")
    assert "(1, " in ours
    assert "'X\\n'" in ours
    for text in BAD:
        with pytest.raises(ValueError, match=r".+") as caught:
            with_own_pieces(json)().decode(text)
        with pytest.raises(ValueError, match=r".+") as expected:
            with_own_pieces(stdlib)().decode(text)
        assert isinstance(caught.value, stdlib.JSONDecodeError)
        assert str(caught.value) == str(expected.value)


@BOTH
def test_the_usual_decoder_and_encoder_are_objects_one_can_call(module):
    assert module._default_decoder.decode('{"a": [1.5]}') == {"a": [1.5]}
    assert module._default_decoder.raw_decode("[1] 2") == ([1], 3)
    assert module._default_encoder.encode({"a": ["é", None]}) == '{"a": ["\\u00e9", null]}'


@BOTH
def test_a_default_set_on_the_usual_encoder_serves_dumps_and_dump(module, monkeypatch):
    monkeypatch.setattr(module._default_encoder, "default", sorted)
    assert module.dumps([{2, 1}]) == "[[1, 2]]"
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        module.dumps([object()], default=module.JSONEncoder().default)
    out = io.StringIO()
    module.dump([{2, 1}], out)
    assert out.getvalue() == "[[1, 2]]"


@BOTH
def test_a_default_set_on_the_class_serves_every_encoder(module, monkeypatch):
    def default(self, value, usual=module.JSONEncoder.default):
        return value.to_json() if hasattr(value, "to_json") else usual(self, value)

    monkeypatch.setattr(module.JSONEncoder, "default", default)
    value = types.SimpleNamespace(to_json=lambda: ["mine"])
    assert module.dumps({"a": value}) == '{"a": ["mine"]}'
    assert module._default_encoder.encode([value]) == '[["mine"]]'
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        module.dumps(object())


@BOTH
def test_iterencode_gives_a_generator_that_can_be_closed(module):
    pieces = module.JSONEncoder().iterencode(["x" * 3000] * 100)
    assert isinstance(pieces, types.GeneratorType)
    assert next(pieces).startswith("[")
    pieces.close()
    assert list(pieces) == []


@BOTH
@pytest.mark.parametrize("kind", ["list", "tuple"])
def test_the_python_encoder_takes_a_float_format(module, kind):
    make = module.encoder._make_iterencode
    arguments = [
        None,
        str,
        module.encoder.encode_basestring,
        None,
        lambda value: f"{value:.2f}",
        ":",
        ",",
        False,
        False,
    ]
    encode = make(*arguments, False)
    value = [1.23456, {"a": 2.0, "é": "x"}]
    assert "".join(encode(value if kind == "list" else tuple(value), 0)) == '[1.23,{"a":2.00,"é":"x"}]'


def test_constants_that_nobody_replaced_are_read_without_a_call():
    # A scanner that calls Python has to leave the collector on; one that does not holds it back.
    document = "[" + "[NaN]," * 20_000 + "[Infinity]]"
    runs = []

    def note(phase, info):
        if phase == "start":
            runs.append(info["generation"])

    def collections(decoder):
        runs.clear()
        gc.callbacks.append(note)
        try:
            decoder.decode(document)
        finally:
            gc.callbacks.remove(note)
        return len(runs)

    assert gc.isenabled()
    usual = json.JSONDecoder()
    asked = json.JSONDecoder(parse_constant=lambda name: name.lower())
    assert asked.decode("[NaN, Infinity]") == ["nan", "infinity"]
    assert collections(usual) <= 2 < collections(asked)
