"""A replacement for the standard library's ``json``, and codecs that are RFC 8259 and nothing else.

``load loads dump dumps JSONDecoder JSONEncoder`` take what the standard library's take and behave as they do, within
``Limits.stdlib()``. ``decode encode Decoder Encoder StreamDecoder items members`` are strict: UTF-8 only, no NaN, no
lone surrogates, no byte order mark, within ``Limits()``. They take the type of what comes: a class, ``list[int]``; `Raw`
keeps bytes undecoded, `name` and `rename` say what fields are called.

    >>> from forkedenc import json
    >>> json.loads('["foo", {"bar": ["baz", null, 1.0, 2]}]')
    ['foo', {'bar': ['baz', None, 1.0, 2]}]
    >>> json.encode({"a": [1, 2.5, "x"]})
    b'{"a":[1,2.5,"x"]}'
    >>> stream = json.StreamDecoder()
    >>> stream.feed(b'{"a": [1,'), stream.feed(b'2]} [3'), stream.feed(b']'), stream.close()
    ([], [{'a': [1, 2]}], [[3]], [])
    >>> list(json.items(b'{"cities": [{"name": "Oslo"}, {"name": "Bern"}]}', "cities.item.name"))
    ['Oslo', 'Bern']
"""

from forkedenc._native import Decoder, Raw, StreamDecoder, decode, loads
from forkedenc.json import _typed as _typed, decoder as decoder, encoder as encoder, scanner as scanner
from forkedenc.json._decode import _default_decoder as _default_decoder, aitems, items, load, members
from forkedenc.json._detect import detect_encoding
from forkedenc.json._encode import Encoder, _default_encoder as _default_encoder, dump, dumps, encode, encode_lines
from forkedenc.json._errors import DecodeError
from forkedenc.json._naming import name, rename
from forkedenc.json.decoder import JSONDecodeError, JSONDecoder
from forkedenc.json.encoder import JSONEncoder

__all__ = [
    "DecodeError",
    "Decoder",
    "Encoder",
    "JSONDecodeError",
    "JSONDecoder",
    "JSONEncoder",
    "Raw",
    "StreamDecoder",
    "aitems",
    "decode",
    "detect_encoding",
    "dump",
    "dumps",
    "encode",
    "encode_lines",
    "items",
    "load",
    "loads",
    "members",
    "name",
    "rename",
]

__version__ = "2.0.9"
"""The standard library's number for the interface that it shares with simplejson, never changed since Python 2.7."""
