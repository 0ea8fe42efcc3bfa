"""Comments and camera data inside compressed pixels, blanked where they stand: no pixel changes, no byte moves."""

from __future__ import annotations

from collections.abc import Iterator

_JPEG_START, _J2K_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
_SCAN, _TILE_PART, _END = 0xDA, 0x90, 0xD9
_JPEG_KEPT = frozenset({0xE0, 0xE2, 0xEE})
"""Application segments that say how colours are meant: JFIF, ICC profile, Adobe's transform."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def blank(data: bytes) -> bytes:
    """The head of a JPEG or JPEG 2000 stream with zeros in comments, EXIF, XMP, IPTC and makers' segments.

    Everything else, other formats too, is returned as it is. (ITU T.81 annex B, T.800 annex A.)

    Args:
        data: first bytes of a tile or strip; markers are followed until the coded pixels begin.
    """
    spans = list(_free_text(data))
    if not spans:
        return data
    changed = bytearray(data)
    for start, end in spans:
        changed[start:end] = bytes(end - start)
    return bytes(changed)


def comments(data: bytes) -> list[bytes]:
    """What `blank` would blank and is not blank yet."""
    return [data[start:end] for start, end in _free_text(data) if any(data[start:end])]


def _free_text(data: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the contents of segments in which anything may be written."""
    is_jpeg = data[:2] == _JPEG_START
    if not is_jpeg and data[:4] != _J2K_START:
        return
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        code = data[at + 1]
        if code == 0xFF:
            at += 1
            continue
        if code in ((_SCAN, _END) if is_jpeg else (_TILE_PART, _END)):
            return
        if code in _BARE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if is_jpeg and (code == 0xFE or (0xE0 <= code <= 0xEF and code not in _JPEG_KEPT)):
            yield at + 4, min(end, len(data))
        elif not is_jpeg and code == 0x64:
            yield at + 6, min(end, len(data))
        at = end
