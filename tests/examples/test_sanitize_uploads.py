"""The upload handlers of examples/sanitize/, through the test clients of their frameworks."""

import asyncio
import importlib
import io
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/sanitize"
CLEAN = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9"/></svg>'
DIRTY = b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script><rect width="9"/></svg>'
TOO_LONG = b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g/>" * 300_000 + b"</svg>"
TOO_DEEP = b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 200 + b"</g>" * 200 + b"</svg>"
ILL_FORMED = [CLEAN[:-1], CLEAN.replace(b"/>", b">"), b"", b"\x89PNG\r\n", CLEAN + b"x"]

# What a framework deprecates is no matter of these tests.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


def example(name):
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    return importlib.import_module(name)


def flask():
    pytest.importorskip("flask")
    client = example("flask_avatar").app.test_client()

    def put(data):
        answer = client.put("/avatars/7", data=data)
        return answer.status_code, answer.json

    return put


def fastapi():
    pytest.importorskip("fastapi")
    httpx = pytest.importorskip("httpx")
    transport = httpx.ASGITransport(example("fastapi_avatar").app)

    async def answer(data):
        async def pieces():
            for at in range(0, len(data), 100_000):
                yield data[at : at + 100_000]

        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.put("/avatars/7", content=pieces())

    def put(data):
        came = asyncio.run(answer(data))
        return came.status_code, came.json()

    return put


def django():
    pytest.importorskip("django")
    from django.conf import settings

    if not settings.configured:
        import django

        settings.configure(ROOT_URLCONF="django_avatar", ALLOWED_HOSTS=["*"], DEBUG=False)
        django.setup()
    example("django_avatar")
    from django.test import Client

    client = Client()

    def put(data):
        # Django passes by a part of a form without content, so that is posted as none.
        answer = client.post("/avatars/7", {"avatar": io.BytesIO(data)} if data else {})
        return answer.status_code, answer.json()

    return put


@pytest.fixture(params=[flask, fastapi, django], ids=lambda param: param.__name__)
def put(request, tmp_path, monkeypatch):
    """Uploads a picture: status and answer."""
    made = request.param()
    monkeypatch.setattr(example("svg_store"), "AVATARS", tmp_path / "avatars")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return made


def left(tmp_path):
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


def test_a_clean_picture_is_stored_as_it_came(put, tmp_path):
    assert put(CLEAN) == (201, {"removed": 0, "first": []})
    assert (tmp_path / "avatars/7.svg").read_bytes() == CLEAN
    assert left(tmp_path) == ["avatars/7.svg"]


def test_a_dirty_picture_is_stored_clean_and_what_went_is_told(put, tmp_path):
    assert put(DIRTY) == (201, {"removed": 2, "first": ["/svg/@onload", "/svg/script"]})
    assert (tmp_path / "avatars/7.svg").read_bytes() == CLEAN
    assert left(tmp_path) == ["avatars/7.svg"]


@pytest.mark.parametrize("data", [TOO_LONG, TOO_DEEP], ids=["long", "deep"])
def test_a_picture_over_a_limit_is_413_and_leaves_nothing(put, tmp_path, data):
    status, answer = put(data)
    assert status == 413
    assert "max_" in answer["error"]
    assert left(tmp_path) == []


@pytest.mark.parametrize("data", ILL_FORMED, ids=["cut", "mismatched", "empty", "png", "trailing"])
def test_what_is_no_document_is_a_400_or_422_and_leaves_nothing(put, tmp_path, data):
    status, _ = put(data)
    assert status in (400, 422)
    assert left(tmp_path) == []


def test_a_document_with_another_root_is_422_and_leaves_nothing(put, tmp_path):
    status, answer = put(b"<html/>")
    assert (status, answer["line"], answer["column"]) == (422, 1, 1)
    assert left(tmp_path) == []


def test_a_refused_upload_leaves_the_picture_that_was_there(put, tmp_path):
    put(CLEAN)
    assert put(TOO_DEEP)[0] == 413
    assert (tmp_path / "avatars/7.svg").read_bytes() == CLEAN
    assert left(tmp_path) == ["avatars/7.svg"]


def test_an_endless_upload_is_refused_soon_after_its_limit(tmp_path, monkeypatch):
    flask()
    monkeypatch.setattr(example("svg_store"), "AVATARS", tmp_path / "avatars")
    read = 0

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            nonlocal read
            buffer[:] = (b"" if read else CLEAN[:40]).ljust(len(buffer))
            read += len(buffer)
            return len(buffer)

    from werkzeug.test import create_environ, run_wsgi_app

    environ = create_environ("/avatars/7", method="PUT") | {"wsgi.input": Endless(), "CONTENT_LENGTH": str(1 << 40)}
    _, status, _ = run_wsgi_app(example("flask_avatar").app, environ)
    assert status.startswith("413")
    assert read < 4 << 20
    assert left(tmp_path) == []
