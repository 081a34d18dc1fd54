"""An SVG that is cleaned while a form uploads it, with Django: an upload handler, and a view that uses it.

`urlpatterns` goes into the project's. What the view finds in `request.FILES` is clean; the upload as it came is never stored.
"""

from typing import Any

import svg_store
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from forkedenc import DecodeError


class CleanSvg(FileUploadHandler):
    """Takes each file of a form for an SVG. What is refused raises DecodeError where the view asks for `request.FILES`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file of the form begins."""
        super().new_file(*args, **kwargs)
        self.file = TemporaryUploadedFile(self.file_name, "image/svg+xml", 0, None)
        self.stream = svg_store.CLEANER.stream(self.file.write)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django passes it
        """Cleans a chunk; None keeps it from other handlers."""
        try:
            self.stream.feed(raw_data)
        except DecodeError:
            self.file.close()  # which removes it
            raise

    def file_complete(self, file_size: int) -> TemporaryUploadedFile:  # noqa: ARG002 - it is that of the upload
        """The clean file, with what was taken out as its `report`."""
        try:
            self.stream.close()
        except DecodeError:
            self.file.close()
            raise
        self.file.report = self.stream.report
        self.file.size = self.file.tell()
        self.file.seek(0)
        return self.file

    def upload_interrupted(self) -> None:
        """The connection has broken."""
        self.file.close()


# Django's documentation on upload handlers says how a view with a handler of its own checks the CSRF token.
@csrf_exempt
def upload(request: HttpRequest, user: int) -> JsonResponse:
    request.upload_handlers = [CleanSvg(request)]
    try:
        clean = request.FILES.get("avatar")
    except DecodeError as error:
        answer, status = svg_store.refused(error)
        return JsonResponse(answer, status=status)
    if clean is None:
        return JsonResponse({"error": "no file named avatar"}, status=400)
    with svg_store.incoming(user) as file:
        for chunk in clean.chunks():
            file.write(chunk)
    return JsonResponse(svg_store.accepted(clean.report), status=201)


urlpatterns = [path("avatars/<int:user>", upload)]
