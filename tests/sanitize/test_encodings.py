"""What goes in: bytes of the encodings that are allowed, str, any buffer; what comes out is UTF-8."""

import array
import mmap

import pytest
from cleaning import SVG, clean, picture, sanitizer, streamed, text

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN

WORDS = "é ü ß \u20ac \u65e5\u672c \U0001f600"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [False, True])
def test_every_form_of_unicode_comes_out_as_utf_8(encoding, declared):
    name = "utf-16" if encoding.startswith("utf-16") else "utf-8"
    head = f"<?xml version='1.0' encoding='{name}'?>" if declared else ""
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    data = (mark + head + picture(f"<text>{WORDS}</text>")).encode(encoding)
    assert clean(sanitize.SVG, data) == picture(f"<text>{WORDS}</text>").encode()
    whole = sanitizer(sanitize.SVG).clean(data)
    for size in (1, 3):
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        assert streamed(sanitizer(sanitize.SVG), chunks) == (whole.data, whole.report.as_dict(), None)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ISO-8859-1", "us-ascii"])
def test_bytes_of_latin_1_and_ascii_mean_what_xml_says(encoding):
    words = "é ü \x85" if encoding.lower() != "us-ascii" else "plain"
    data = f"<?xml version='1.0' encoding='{encoding}'?><a b='{words}'>{words}</a>".encode("latin-1")
    assert clean(PLAIN, data) == f'<a b="{words}">{words}</a>'.encode()


def test_a_byte_beyond_ascii_is_none_of_us_ascii():
    with pytest.raises(forkedenc.DecodeError):
        sanitizer(PLAIN).clean(b"<?xml version='1.0' encoding='us-ascii'?><a>\xe9</a>")


@pytest.mark.parametrize("encoding", ["windows-1252", "koi8-r", "shift_jis", "utf-7", "no-such"])
def test_other_encodings_are_refused(encoding):
    with pytest.raises(forkedenc.DecodeError):
        sanitizer(PLAIN).clean(f"<?xml version='1.0' encoding='{encoding}'?><a/>".encode())


def test_a_str_is_read_as_characters_whatever_it_declares():
    data = f"<?xml version='1.0' encoding='iso-8859-1'?>{picture(f'<text>{WORDS}</text>')}"
    assert text(clean(sanitize.SVG, data)) == WORDS
    assert text(clean(sanitize.SVG, f"<?xml version='1.0' encoding='utf-16'?>{picture('a')}")) == "a"


def test_a_str_of_half_a_pair_is_no_document():
    with pytest.raises(ValueError):
        sanitizer(PLAIN).clean("<a>\ud800</a>")


def test_any_contiguous_buffer_will_do(tmp_path):
    data = picture("<script/><g/>").encode()
    wanted = picture("<g/>").encode()
    path = tmp_path / "a.svg"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sanitizer(sanitize.SVG).clean(mapped).data == wanted
    for given in (bytearray(data), memoryview(data), array.array("B", data), memoryview(b"xx" + data)[2:]):
        assert sanitizer(sanitize.SVG).clean(given).data == wanted
        assert streamed(sanitizer(sanitize.SVG), [given]).data == wanted
    with pytest.raises((BufferError, ValueError, TypeError)):
        sanitizer(sanitize.SVG).clean(memoryview(data)[::2])


@pytest.mark.parametrize("given", [None, 1, object(), ["<a/>"], {"a": 1}])
def test_what_is_no_document_is_a_type_error(given):
    with pytest.raises(TypeError):
        sanitizer(PLAIN).clean(given)
    with pytest.raises(TypeError):
        sanitizer(PLAIN).stream(lambda _: None).feed(given)


def test_a_stream_takes_no_str():
    with pytest.raises(TypeError):
        sanitizer(PLAIN).stream(lambda _: None).feed("<a/>")


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"\xef\xbb\xbf", "", b"text", b"<", b"<a", b"<a>", b"<a/><b/>", b"<a/>x", b"\x00", b"<a></b>", b"</a>"],
)
def test_what_is_no_document_is_refused(data):
    with pytest.raises(forkedenc.DecodeError):
        sanitizer(PLAIN).clean(data)


def test_carriage_returns_of_the_source_become_line_feeds_and_referenced_ones_stay():
    assert clean(PLAIN, b"<a b='\r\n'>\r\nc\rd&#13;&#xD;\n</a>") == b'<a b=" ">\nc\nd&#13;&#13;\n</a>'
    assert clean(PLAIN, b"<a b='&#13;&#10;&#9; '/>") == b'<a b="&#13;&#10;&#9; "/>'


def test_characters_beyond_the_first_plane_stay_whole_whatever_the_chunks():
    data = f'<svg xmlns="{SVG}"><text>\U0001f600\U0001f600</text></svg>'.encode("utf-16")
    for cut in range(len(data)):
        assert streamed(sanitizer(sanitize.SVG), [data[:cut], data[cut:]]).data.decode().count("\U0001f600") == 2
