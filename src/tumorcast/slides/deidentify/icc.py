"""ICC profiles: colours are kept, texts (which may name a device and its serial number) are not."""

from __future__ import annotations

import struct

_COLOUR = frozenset(
    {b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0"}
    | {b"B2D1", b"B2D2", b"B2D3", b"gamt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC"}
    | {b"wtpt", b"bkpt", b"chad", b"chrm", b"lumi", b"meas", b"view", b"tech", b"pre0", b"pre1", b"pre2"}
)
"""Tags that hold numbers about colour (ICC.1:2022 chapter 9)."""

_HEADER_TEXT = ((4, 8), (24, 36), (48, 64), (80, 128))
"""Header fields: preferred module, date, device maker, model and attributes, creator, profile id, reserved."""


def clean(profile: bytes) -> bytes:
    """The profile in the same size with the same colours; what is no colour is blank, a date is 2000-01-01.

    Returns:
        Empty where the profile is damaged: a picture without a profile is shown as sRGB.
    """
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return b""
    (count,) = struct.unpack(">I", profile[128:132])
    table_end = 132 + 12 * count
    if count > 200 or table_end > len(profile):
        return b""
    made = bytearray(len(profile))
    made[:table_end] = profile[:table_end]
    for start, end in _HEADER_TEXT:
        made[start:end] = bytes(end - start)
    made[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    for index in range(count):
        name, at, size = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        content = profile[at : at + size]
        made[at : at + len(content)] = content if name in _COLOUR else _without_text(content)
    return bytes(made)


def _without_text(content: bytes) -> bytes:
    """A text, description or localised text element with blanks; anything else as zeros after its type."""
    blank = bytearray(len(content))
    blank[:4] = content[:4]
    if content[:4] == b"text" and len(content) > 9:
        blank[8:-1] = b" " * (len(content) - 9)
    elif content[:4] == b"desc" and len(content) >= 12:
        (count,) = struct.unpack(">I", content[8:12])
        count = min(count, len(content) - 12)
        blank[8:12] = struct.pack(">I", count)
        blank[12 : 12 + max(count - 1, 0)] = b" " * max(count - 1, 0)
    elif content[:4] == b"mluc":
        blank[8:16] = struct.pack(">II", 0, 12)
    return bytes(blank)
