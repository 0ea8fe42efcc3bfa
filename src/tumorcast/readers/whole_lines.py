"""A large text file as pieces of whole lines in bytes, gzipped or not, unpacked ahead by a thread of its own."""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import is_gzip
from tumorcast.readers.files import need_text

PIECE_BYTES = 1 << 22
_READ_BYTES = 1 << 18
_AHEAD = 3
_MOST_UNPACKED = 1 << 22
_GZIP_WINDOW = 31
"""zlib's word for "with the head of gzip"."""


def line_pieces(path: Path, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Pieces of about `piece_bytes` that end with a line's end (the last one perhaps without).

    Memory: some pieces, whatever the size of the file; a line longer than a piece makes that piece longer.

    Raises:
        InputError: not there, not text, or an archive that is cut off or damaged.
    """
    if not is_gzip(path):
        need_text(path)
    pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=_AHEAD)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(path, piece_bytes, pieces, stop), daemon=True)
    thread.start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        stop.set()
        thread.join()


def _fill(
    path: Path, piece_bytes: int, pieces: queue.Queue[bytes | BaseException | None], stop: threading.Event
) -> None:
    try:
        for piece in _cut_at_lines(_unpacked(path), piece_bytes):
            if not _put(pieces, piece, stop):
                return
        _put(pieces, None, stop)
    except Exception as error:
        _put(pieces, error, stop)


def _put(
    pieces: queue.Queue[bytes | BaseException | None],
    piece: bytes | BaseException | None,
    stop: threading.Event,
) -> bool:
    """Wait for room; False where nobody reads any more."""
    while not stop.is_set():
        try:
            pieces.put(piece, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False


def _cut_at_lines(chunks: Iterator[bytes], piece_bytes: int) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size < piece_bytes or (end := chunk.rfind(b"\n")) < 0:
            continue
        held[-1] = chunk[: end + 1]
        yield b"".join(held)
        held, size = [chunk[end + 1 :]], len(chunk) - end - 1
    if rest := b"".join(held):
        yield rest


def _unpacked(path: Path) -> Iterator[bytes]:
    """The file's bytes; a gzip archive may have many members (bgzip writes them so)."""
    packed = is_gzip(path)
    with path.open("rb") as file:
        if not packed:
            while chunk := file.read(_READ_BYTES):
                yield chunk
            return
        yield from _members(file, path)


def _members(file: BinaryIO, path: Path) -> Iterator[bytes]:
    unpack = zlib.decompressobj(_GZIP_WINDOW)
    is_within = False
    while chunk := file.read(_READ_BYTES):
        is_full = False
        while chunk or is_full:
            try:
                unpacked = unpack.decompress(chunk, _MOST_UNPACKED)
            except zlib.error as error:
                raise _damaged(path, error) from None
            yield unpacked
            is_within, is_full = not unpack.eof, len(unpacked) == _MOST_UNPACKED and not unpack.eof
            chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            if unpack.eof:
                unpack = zlib.decompressobj(_GZIP_WINDOW)
    if is_within:
        raise _damaged(path, "it ends in the middle")


def _damaged(path: Path, error: object) -> InputError:
    return InputError(f"{path.name} is a damaged gzip archive", got=error, fix="copy or download it again")
