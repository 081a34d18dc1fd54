"""Where a cleaned document goes. A file is written beside its place and renamed, so it is whole at every moment."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

_CHUNK_BYTES = 1024 << 10


class UnwrittenError(Exception):
    """Output failed, where `OSError` is input that failed.

    Attributes:
        name: what was written to.
        error: why it failed.
    """

    def __init__(self, name: str, error: OSError) -> None:
        super().__init__(name, error)
        self.name, self.error = name, error


class Output:
    """Takes the bytes of one document. This one keeps nothing of them, as --check wants it."""

    def write(self, data: bytes, /) -> None:
        """Take some bytes.

        Raises:
            UnwrittenError: it can't.
        """

    def finish(self) -> bool:
        """The document is complete; whether a file has changed.

        Raises:
            UnwrittenError: it could not be put into its place.
        """
        return False

    def abandon(self) -> None:
        """There will be no document, or `finish` was called: leave nothing behind."""


class Descriptor(Output):
    """Writes as bytes come to what can't be renamed: a pipe, a terminal, a device."""

    def __init__(self, name: str, descriptor: int, *, owned: bool) -> None:
        self._name = name
        self._descriptor = descriptor
        self._owned = owned

    def write(self, data: bytes, /) -> None:
        """Write some bytes."""
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            raise UnwrittenError(self._name, error) from error

    def abandon(self) -> None:
        """What was written can't be taken back: the exit status tells."""
        if self._owned:
            os.close(self._descriptor)


class File(Output):
    """A file that gets new content at once, or keeps its own.

    The temporary file beside it has a name that no scan for documents takes. A file that was there gives its
    permissions, extended attributes and, as far as the user may, its owner.
    """

    def __init__(self, name: str, target: str, like: os.stat_result | None, replaced: bool) -> None:
        """Open the temporary file.

        Args:
            name: the file in messages.
            target: its path.
            like: the status of the file that was there.
            replaced: it is the document that was read: it is kept if equal, and not lost if it was changed meanwhile.
        """
        self._name, self._target, self._like, self._replaced = name, target, like, replaced
        self._size = 0
        self._pending = bytearray()
        self._temporary = os.path.join(os.path.dirname(target), f".forkedenc-{os.urandom(6).hex()}.tmp")  # noqa: PTH118, PTH120
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            # What takes a file's place is its owner's alone until it has the same permissions.
            self._descriptor = os.open(self._temporary, flags, 0o666 if like is None else 0o600)
        except OSError as error:
            self._descriptor, self._temporary = -1, ""
            raise UnwrittenError(name, error) from error

    def write(self, data: bytes, /) -> None:
        """Write some bytes, few of them later."""
        if len(self._pending) + len(data) < _CHUNK_BYTES:
            self._pending += data
            return
        self._flush()
        self._put(data)

    def finish(self) -> bool:
        """Put the file into its place, unless it has this content already."""
        self._flush()
        try:
            return self._finish()
        except OSError as error:
            raise UnwrittenError(self._name, error) from error

    def abandon(self) -> None:
        """Remove the temporary file."""
        with suppress(OSError):
            self._close()
        if self._temporary:
            with suppress(OSError):
                os.unlink(self._temporary)  # noqa: PTH108
            self._temporary = ""

    def _finish(self) -> bool:
        if self._replaced and self._like is not None:
            now = os.stat(self._target, follow_symlinks=False)  # noqa: PTH116
            if _version(now) != _version(self._like):
                raise OSError(errno.EBUSY, "it was changed while it was read")
            if self._size == now.st_size and self._is_equal():
                return False
        if self._like is not None:
            _copy_status(self._like, self._target, self._descriptor)
        os.fsync(self._descriptor)
        self._close()
        os.replace(self._temporary, self._target)  # noqa: PTH105
        self._temporary = ""
        return True

    def _is_equal(self) -> bool:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with open(self._target, "rb", buffering=0) as there:  # noqa: PTH123
            while ours := os.read(self._descriptor, _CHUNK_BYTES):
                if there.read(len(ours)) != ours:
                    return False
        return True

    def _flush(self) -> None:
        self._put(self._pending)
        self._pending.clear()

    def _put(self, data: bytes | bytearray) -> None:
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            raise UnwrittenError(self._name, error) from error
        self._size += len(data)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write all bytes, however many the system takes at a time."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += os.write(descriptor, view[done:])


def open_file(target: str) -> Output:
    """What writes to a path that an operator named.

    Raises:
        UnwrittenError: it can't be written.
    """
    try:
        like = os.stat(target)  # noqa: PTH116
    except FileNotFoundError:
        like = None
    except OSError as error:
        raise UnwrittenError(target, error) from error
    if like is None or stat.S_ISREG(like.st_mode):
        return File(target, target, like, replaced=False)
    try:
        return Descriptor(target, os.open(target, os.O_WRONLY | getattr(os, "O_BINARY", 0)), owned=True)
    except OSError as error:
        raise UnwrittenError(target, error) from error


def standard_output() -> Output:
    """What writes to standard output.

    Raises:
        UnwrittenError: it is closed. Its number may then be that of any file.
    """
    if sys.stdout is None:
        raise UnwrittenError("<stdout>", OSError(errno.EBADF, "it is closed"))
    sys.stdout.flush()
    return Descriptor("<stdout>", sys.stdout.fileno(), owned=False)


def sync_directory(directory: str) -> None:
    """Make sure that renames in it last.

    Raises:
        UnwrittenError: the device fails. That a file system can't do it is no failure.
    """
    if os.name != "posix":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EACCES, errno.ENOTSUP}:
            raise UnwrittenError(directory, error) from error


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _copy_status(like: os.stat_result, target: str, descriptor: int) -> None:
    """Give an open file the owner, the extended attributes and the permissions that another has."""
    if os.name != "posix":
        return
    mode = stat.S_IMODE(like.st_mode)
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(descriptor, like.st_uid, like.st_gid)
        except OSError:
            try:
                os.fchown(descriptor, -1, like.st_gid)
            except OSError:
                # Nobody gets more by being in a group that the file was not made for.
                mode &= ~0o070 | (mode & 0o007) << 3
            # Whoever runs it shall not do so as somebody else.
            mode &= ~(stat.S_ISUID | stat.S_ISGID)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for attribute in os.listxattr(target):
                with suppress(OSError):
                    os.setxattr(descriptor, attribute, os.getxattr(target, attribute))
    os.fchmod(descriptor, mode)
