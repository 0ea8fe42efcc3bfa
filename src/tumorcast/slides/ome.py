"""What OME-XML says of an image's pixels (OME 2016-06 schema)."""

from __future__ import annotations

from xml.etree import ElementTree

_UM_PER_UNIT = {"m": 1e6, "cm": 1e4, "mm": 1e3, "µm": 1.0, "um": 1.0, "nm": 1e-3, "pm": 1e-6, "in": 25_400.0}


def ome_properties(xml: str, width: int, height: int) -> dict[str, str]:
    """Pixel size and objective of the image of this size, under OpenSlide's names; empty where it says none.

    Sizes without a unit are micrometres (the schema's default); units such as "pixel" say nothing.
    """
    try:
        root = ElementTree.fromstring(xml.encode())
    except ElementTree.ParseError:
        return {}
    names = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    for image in root.iter(f"{names}Image"):
        pixels = image.find(f"{names}Pixels")
        if pixels is not None and _size(pixels) == (width, height):
            return _sizes(pixels) | _objective(root, image, names)
    return {}


def _size(pixels: ElementTree.Element) -> tuple[int, int]:
    try:
        return int(pixels.get("SizeX", "0")), int(pixels.get("SizeY", "0"))
    except ValueError:
        return 0, 0


def _sizes(pixels: ElementTree.Element) -> dict[str, str]:
    found = {}
    for axis in "XY":
        um = _UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm").replace("μ", "µ"))
        told = pixels.get(f"PhysicalSize{axis}")
        if um is not None and told is not None:
            try:
                found[f"openslide.mpp-{axis.lower()}"] = repr(float(told) * um)
            except ValueError:
                continue
    return found


def _objective(root: ElementTree.Element, image: ElementTree.Element, names: str) -> dict[str, str]:
    settings = image.find(f"{names}ObjectiveSettings")
    wanted = settings.get("ID") if settings is not None else None
    for objective in root.iter(f"{names}Objective"):
        power = objective.get("NominalMagnification")
        if power and wanted in (None, objective.get("ID")):
            return {"openslide.objective-power": power}
    return {}
