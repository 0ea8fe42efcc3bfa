"""SVS and TIFF: a new file from the levels of the scan, with the tags that say how pixels are stored and no others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import openslide

from tumorcast.domain.errors import SlideError
from tumorcast.slides.deidentify import codestreams, icc, policy, texts
from tumorcast.slides.deidentify.tiff_tree import ASCII, Directory, Entry, read_directories
from tumorcast.slides.deidentify.tiff_write import Image, write_tiff

_DESCRIPTION, _JPEG_TABLES, _ICC = 270, 347, 34675
_READERS = ("aperio", "generic-tiff", None)
_SHAPE = 0.02


@dataclass(frozen=True)
class Removed:
    """What a copy lacks.

    Attributes:
        images: directories of the source that were left out.
        told: what was left out, in words.
    """

    images: tuple[Directory, ...]
    told: str


def copy_tiff(source: Path, target: Path) -> Removed:
    """Write the de-identified copy to `target`, a new file.

    Raises:
        SlideError: `deidentify_unsupported` for formats whose metadata are not known well enough, `unreadable`,
            `truncated`, `metadata_unreadable`.
    """
    vendor = openslide.OpenSlide.detect_format(str(source))
    if vendor not in _READERS:
        raise SlideError(
            "deidentify_unsupported",
            "this format cannot be de-identified here",
            got=vendor,
            expected="Aperio SVS, generic or OME TIFF, DICOM",
            fix="export the slide as DICOM or pyramidal TIFF first",
        )
    layout, directories = read_directories(source)
    main = max(directories, key=lambda each: each.size[0] * each.size[1])
    kept = [each for each in directories if _is_level(each, main)]
    dropped = tuple(each for each in directories if not _is_level(each, main))
    told: list[str] = []
    images = [_image(each, told) for each in kept]
    write_tiff(source, target, layout, images)
    words = [f"{len(dropped)} pictures beside the scan"] if dropped else []
    return Removed(dropped, "; ".join([*words, *dict.fromkeys(told)]))


def _is_level(directory: Directory, main: Directory) -> bool:
    """The scan and its reduced copies: stored alike, of one shape. Labels, macros and thumbnails are not."""
    (width, height), (whole_width, whole_height) = directory.size, main.size
    if not width or not height or directory.is_tiled != main.is_tiled:
        return False
    if directory is main:
        return True
    is_reduced = directory.uint(254) & 1 or directory.is_tiled
    # sides of a small level are rounded by up to a pixel
    slack = _SHAPE + 1 / min(width, height)
    return bool(is_reduced) and abs((width / whole_width) / (height / whole_height) - 1) <= slack


def _image(directory: Directory, told: list[str]) -> Image:
    entries = {tag: entry for tag, entry in directory.entries.items() if tag in policy.STRUCTURE_TAGS}
    lost = sorted(directory.entries.keys() - policy.STRUCTURE_TAGS - {_DESCRIPTION})
    if lost:
        told.append("tags " + " ".join(map(str, lost)))
    if _JPEG_TABLES in entries:
        tables = entries[_JPEG_TABLES]
        entries[_JPEG_TABLES] = tables._replace(value=codestreams.blank(tables.value))
    if _ICC in entries:
        profile = icc.clean(entries.pop(_ICC).value)
        if profile:
            entries[_ICC] = Entry(7, len(profile), profile)
    text = _description(directory, told)
    if text:
        value = text.encode("utf-8") + b"\0"
        entries[_DESCRIPTION] = Entry(ASCII, len(value), value)
    children = tuple(_image(child, told) for child in directory.children)
    return Image(entries, directory.pieces, directory.is_tiled, children, codestreams.blank)


def _description(directory: Directory, told: list[str]) -> str:
    text = directory.text(_DESCRIPTION)
    if text.startswith("Aperio"):
        kept, dropped = texts.aperio(text)
        told.extend([f"keys {', '.join(dropped)}"] if dropped else [])
        return kept
    if "<OME" in text[:2000]:
        kept, images = texts.ome(text)
        told.append("texts of the OME metadata" + (f" and {images} images" if images else ""))
        return kept
    if text.strip():
        told.append("description")
    return ""
