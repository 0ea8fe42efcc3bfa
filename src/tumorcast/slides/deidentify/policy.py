"""What may stay in a de-identified slide. Everything that is not named here is left out.

Read by those who copy and by the check, which share the list and nothing else.
"""

from __future__ import annotations

import re

NUMBER = re.compile(r"-?\d{1,7}(\.\d{1,12})?([eE]-?\d{1,2})?")

STRUCTURE_TAGS = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291}
    | {292, 293, 296, 301, 317, 318, 319, 320, 322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347}
    | {529, 530, 531, 532, 32997, 34675}
)
"""Numeric TIFF tags that say how pixels are stored, what colour they mean and how large they are.

Not among them: 271 Make, 272 Model, 305 Software, 306 DateTime, 315 Artist, 316 HostComputer, 33432
Copyright, 33723 IPTC, 34377 Photoshop, 34665 EXIF, 34853 GPS, 269 DocumentName, 285 PageName, 700 XMP,
and whatever is private. (TIFF 6.0; libtiff's tag list.)
"""

APERIO_KEYS = frozenset({"AppMag", "MPP", "Left", "Top", "OriginalWidth", "OriginalHeight", "Originalheight"})
"""Keys of an Aperio description whose value stays, if it is a number."""

APERIO_GEOMETRY = r"\d+x\d+( \[\d+,\d+ \d+x\d+\])?( \(\d+x\d+\))?( -> \d+x\d+)?"
APERIO_CODEC = r"(JPEG|J2K)/[A-Z0-9]{1,8}( Q=\d{1,3})?"
APERIO_HEAD = re.compile(rf"Aperio Image Library\r\n({APERIO_GEOMETRY})? ?({APERIO_CODEC})?")

OME_ATTRIBUTES = {
    "OME": frozenset[str](),
    "Image": frozenset({"ID"}),
    "Pixels": frozenset(
        {"ID", "DimensionOrder", "Type", "SizeX", "SizeY", "SizeZ", "SizeC", "SizeT", "BigEndian"}
        | {"Interleaved", "SignificantBits", "PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ"}
        | {"PhysicalSizeXUnit", "PhysicalSizeYUnit", "PhysicalSizeZUnit"}
    ),
    "Channel": frozenset(
        {"ID", "SamplesPerPixel", "Color", "EmissionWavelength", "ExcitationWavelength", "IlluminationType"}
        | {"EmissionWavelengthUnit", "ExcitationWavelengthUnit"}
    ),
    "TiffData": frozenset({"IFD", "FirstC", "FirstZ", "FirstT", "PlaneCount"}),
    "Instrument": frozenset({"ID"}),
    "Objective": frozenset({"ID", "NominalMagnification", "CalibratedMagnification", "LensNA"}),
    "InstrumentRef": frozenset({"ID"}),
    "ObjectiveSettings": frozenset({"ID"}),
}
OME_NAMESPACE = re.compile(r"http://www\.openmicroscopy\.org/Schemas/OME/\d{4}-\d{2}")

WORD = re.compile(
    NUMBER.pattern + r"|true|false|True|False|LEFT|RIGHT|UP|DOWN|µm|nm|mm|um"
    r"|u?int(8|16|32)|float|double|bit|XY[ZCT]{3}|Transmitted|Epifluorescence"
    r"|(Image|Pixels|Channel|Instrument|Objective|Annotation):\d{1,4}(:\d{1,4})*"
)
"""Values that may stay in XML: numbers, units, and fixed words; nothing in which a name could hide."""
