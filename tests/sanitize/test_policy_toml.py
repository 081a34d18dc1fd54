"""A policy as TOML reads back as an equal one, whole or as what differs from a preset."""

import pytest

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import (
    Animated,
    Css,
    Id,
    IdRef,
    IdRefs,
    Keyword,
    Numbers,
    Path,
    Pattern,
    Policy,
    Style,
    Text,
    Timing,
    Tokens,
    Transform,
    Url,
    UrlList,
    Words,
)

PRESETS = [pytest.param(getattr(sanitize, name), id=name) for name in ("SVG", "XHTML", "FEED", "SOAP", "PLAIN")]
EVERY_GRAMMAR = {
    "text": Text(refused_schemes={"javascript"}, max_bytes=5),
    "keyword": Keyword(words={"a", 'quoted "b"', "back\\slash", "é\u200b"}, fold=True),
    "numbers": Numbers(least=0, most=None, minimum=-1.5, maximum=1e9, units=True, semicolons=True),
    "path": Path(), "transform": Transform(), "css": Css(), "style": Style(), "id": Id(), "idref": IdRef(), "idrefs": IdRefs(), "tokens": Tokens(), "words": Words(),
    "url": Url(schemes={"http", "https", "javascript"}, relative=True, fragment=True, data_types={"image/png", "text/html"}, any_scheme=True, any_data=True),
    "urls": UrlList(schemes={"http"}, separator=","),
    "pattern": Pattern(regex=r'[^"\\\n]*'),
    "timing": Timing(), "animated": Animated(), "attributeName": Keyword(words={"x"}), "many": Keyword(words={f"word-{number}" for number in range(50)}),
}  # fmt: skip


@pytest.fixture
def reading(tmp_path):
    def read(text):
        path = tmp_path / "my policy.toml"
        path.write_text(text, encoding="utf-8")
        return Policy.from_toml(path)

    return read


@pytest.mark.parametrize("policy", PRESETS)
def test_a_preset_reads_back_as_it_was(policy, reading):
    other = reading(policy.to_toml())
    assert other == policy
    assert other.digest() == policy.digest()
    assert other.reasons == policy.reasons
    assert other.to_toml() == policy.to_toml()


def test_each_grammar_reads_back_as_it_was(reading):
    policy = Policy(
        name="mine \u2028 \x7f"[:5], roots={"a"}, elements={"a"}, attributes={"a": EVERY_GRAMMAR}, text_values={"a": Text()}, denied_attributes={"a": {"on*", "{urn:x}b"}},
        namespaces={"urn:x", "urn:y"}, max_elements=0, ids_need_prefix=True, on_limit="drop", reasons={"a": "it's \"quoted\"\n\\ and \u0085 odd"},
    )  # fmt: skip
    other = reading(policy.to_toml())
    assert other == policy
    assert other.reasons == policy.reasons


def test_a_policy_without_a_name_is_called_after_its_file(reading):
    assert reading('roots = ["a"]\nelements = ["a"]\n').name == "my policy"


def test_a_base_is_a_preset_and_the_file_says_what_differs(reading):
    policy = reading("""
base = "svg"
on_limit = "drop"
namespaces = "any"
max_ids = "any"
""")
    assert policy == sanitize.SVG.replace(on_limit="drop", namespaces=None, max_ids=None)


def test_sets_and_tables_of_a_base_are_added_to_and_taken_from(reading):
    rect, image = "{http://www.w3.org/2000/svg}rect", "{http://www.w3.org/2000/svg}image"
    policy = reading(f"""
base = "svg"
[add]
elements = ["{{http://www.w3.org/2000/svg}}mine"]
[add.attributes."{rect}"]
data-x = "text"
data-y = {{grammar = "numbers", most = "any"}}
[remove]
elements = ["{image}"]
[remove.attributes]
"{rect}" = ["rx"]
""")
    wanted = dict(sanitize.SVG.attributes[rect])
    del wanted["rx"]
    assert policy.attributes[rect] == {**wanted, "data-x": Text(), "data-y": Numbers(most=None)}
    assert "{http://www.w3.org/2000/svg}mine" in policy.elements
    assert image not in policy.elements
    assert image not in policy.attributes
    assert policy.reasons == sanitize.SVG.reasons


def test_each_reason_is_written_once_with_its_rules(reading):
    text = sanitize.SVG.to_toml()
    assert text.count("presentation attribute") == 1
    given = 'roots = ["a"]\nelements = ["a"]\n'
    assert reading(f'{given}[reasons]\na = "why"\n').reasons == {"a": "why"}
    assert reading(f'{given}[[reasons]]\nwhy = "why"\nrules = ["a", "b"]\n').reasons == {"a": "why", "b": "why"}


BAD = [
    "[[reasons]]\nwhy = 5\n",
    '[[reasons]]\nwhy = "x"\nrules = [5]\n',
    '[[reasons]]\nwhy = 5\nrules = ["x"]\n',
    "this is not toml", "no_such_setting = 1\n", 'on_limit = "perhaps"\n', "elements = 5\n", 'base = "none"\n', "base = 5\n", 'base = "svg"\nadd = 5\n',
    '[add]\nelements = ["a"]\n', 'base = "svg"\n[add]\non_limit = "drop"\n', 'base = "svg"\n[add]\nunheard = ["a"]\n', 'base = "plain"\n[add]\nnamespaces = ["urn:x"]\n',
    'base = "svg"\n[remove]\nelements = 5\n', 'base = "svg"\n[remove]\ntext_values = {a = 1}\n', 'elements = ["a"]\nattributes = 5\n', 'elements = ["a"]\n[attributes]\na = 5\n',
    'elements = ["a"]\n[attributes.a]\nx = 5\n', 'elements = ["a"]\n[attributes.a]\nx = "nothing"\n', 'elements = ["a"]\n[attributes.a]\nx = {grammar = "text", unheard = 1}\n',
    'elements = ["a"]\n[attributes.a]\nx = {grammar = "pattern", regex = "(a)\\\\1"}\n', 'elements = ["a"]\n[attributes.a]\nx = {grammar = "numbers", most = "few"}\n',
    'elements = ["a"]\n[attributes.a]\nx = {grammar = ["text"]}\n', "name = 5\n", 'max_elements = "few"\n', "[[elements]]\n", "comments = 1979-05-27\n",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_policy_is_refused(text, reading):
    with pytest.raises(forkedenc.PolicyError, match=r"my policy\.toml"):
        reading(text)


def test_a_file_that_is_no_utf_8_is_refused(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(forkedenc.PolicyError, match="UTF-8"):
        Policy.from_toml(str(path))


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Policy.from_toml(tmp_path / "none.toml")
