"""An SVG that is cleaned while it is uploaded, with FastAPI.

`uvicorn fastapi_avatar:app`, then `curl -X PUT --data-binary @picture.svg localhost:8000/avatars/7`.
"""

import asyncio

import fastapi
import svg_store
from fastapi.responses import JSONResponse

from forkedenc import DecodeError

app = fastapi.FastAPI()


@app.put("/avatars/{user}")
async def upload(user: int, request: fastapi.Request) -> JSONResponse:
    try:
        with svg_store.incoming(user) as file:

            async def write(data: bytes) -> None:
                await asyncio.to_thread(file.write, data)

            async with svg_store.CLEANER.astream(write) as stream:
                async for chunk in request.stream():
                    await stream.feed(chunk)
    except DecodeError as error:
        answer, status = svg_store.refused(error)
        return JSONResponse(answer, status)
    return JSONResponse(svg_store.accepted(stream.report), 201)
