"""An SVG that is cleaned while it is uploaded, with Flask.

`flask --app flask_avatar run`, then `curl -X PUT --data-binary @picture.svg localhost:5000/avatars/7`.
"""

from typing import Any

import flask
import svg_store

from forkedenc import DecodeError

app = flask.Flask(__name__)


@app.put("/avatars/<int:user>")
def upload(user: int) -> tuple[dict[str, Any], int]:
    try:
        with svg_store.incoming(user) as file, svg_store.CLEANER.stream(file.write) as stream:
            while chunk := flask.request.stream.read(svg_store.CHUNK):
                stream.feed(chunk)
    except DecodeError as error:
        return svg_store.refused(error)
    return svg_store.accepted(stream.report), 201
