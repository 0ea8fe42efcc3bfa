"""Is anything left? Looks at a copy with other readers than the ones that made it, and at every byte of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import openslide
import tifffile

from tumorcast.slides.deidentify import codestreams, policy
from tumorcast.slides.deidentify.dicom import EMPTY, KEPT, UIDS, series_files

_LEAST_LETTERS = 6
_PIECE_BYTES = 64
_WINDOW = 1 << 24
_TECHNICAL = re.compile(
    r"(?i)aperio|image|library|jpeg|leica|biosystems|version|software|vips|tifffile|[\d.,:;+\-/ xX()\[\]=]*|v?\d+[.\d]*"
)
_DESCRIPTIONS = (policy.APERIO_HEAD, re.compile(r"<OME[ >].*", re.DOTALL))


def check_tiff(copy: Path, source: Path | None = None) -> list[str]:
    """What is wrong with a copy, one sentence each; empty where nothing is.

    Tags and texts are held against the list of what may stay, pictures beside the scan are looked for with OpenSlide
    and tifffile, and with the `source` at hand every byte is searched for its texts and for the pixels of its label.
    """
    found = [*_pictures(copy), *_tags(copy)]
    if source is not None:
        words = {*_words_of_tiff(source), *_identifying(source.stem)}
        found += [f"text of the source: {word!r}" for word in _hits(copy, words)]
        found += ["pixels of a picture beside the scan"] * any(
            _hits_bytes(copy, _pieces_left_out(source, copy))
        )
    return found


def check_dicom(folder: Path, source: Path | None = None) -> list[str]:
    """The same for a series of DICOM files in a folder."""
    import pydicom

    found: list[str] = []
    words = set(_identifying(source.stem)) if source else set()
    if source is not None:
        for path in series_files(source):
            words |= set(_words_of_dicom(pydicom.dcmread(path, stop_before_pixels=True)))
    for path in sorted(folder.iterdir()):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        kind = str(data.get("ImageType", ["", "", ""])[2]).upper()
        if kind in ("LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER"):
            found.append(f"{path.name} is a picture of kind {kind}")
        found += [f"attribute {word}" for word in _attributes(data)]
        found += [f"text of the source: {word!r}" for word in _hits(path, words)]
    return list(dict.fromkeys(found))


def _pictures(copy: Path) -> Iterator[str]:
    try:
        with openslide.OpenSlide(copy) as slide:
            yield from (f"OpenSlide shows a picture {name!r}" for name in slide.associated_images)
    except openslide.OpenSlideError:
        return


def _tags(copy: Path) -> Iterator[str]:
    with tifffile.TiffFile(copy) as tiff:
        for page in _all_pages(tiff):
            for tag in page.tags:
                if tag.code not in policy.STRUCTURE_TAGS | {270}:
                    yield f"tag {tag.code} {tag.name}"
            text = page.description
            if text and not any(form.match(text) for form in _DESCRIPTIONS):
                yield f"a description {text[:60]!r}"
            for offset, count in zip(page.dataoffsets[:64], page.databytecounts[:64], strict=False):
                tiff.filehandle.seek(offset)
                if codestreams.comments(tiff.filehandle.read(min(count, 65536))):
                    yield "a comment in the compressed pixels"
                    break


def _all_pages(tiff: tifffile.TiffFile) -> Iterator[Any]:
    for page in (each.aspage() for each in tiff.pages):
        yield page
        if page.subifds:
            yield from (each.aspage() for each in page.pages or ())


def _words_of_tiff(source: Path) -> Iterator[str]:
    """Values of texts that must not stay: of every tag, and of the fields of Aperio's and OME's descriptions."""
    with tifffile.TiffFile(source) as tiff:
        for page in _all_pages(tiff):
            for tag in page.tags:
                if tag.code in policy.STRUCTURE_TAGS:
                    continue
                value = tag.value
                if isinstance(value, bytes):
                    value = value.decode("utf-8", "replace")
                if isinstance(value, str):
                    yield from _texts(value)


def _texts(value: str) -> Iterator[str]:
    if "<" in value:
        value = " | ".join([*re.findall(r'="([^"]*)"', value), *re.findall(r">([^<]+)<", value)])
    for field in re.split(r"[|\r\n]", value):
        told = field.partition("=")[2] or field
        yield from _identifying(told)


def _identifying(text: str) -> Iterator[str]:
    """The text and its words, as far as they are long enough to name something and no format's own."""
    text = text.strip()
    for word in {text, *re.split(r"[\s,;]+", text)}:
        is_long = sum(letter.isalnum() for letter in word) >= _LEAST_LETTERS
        is_format = policy.OME_NAMESPACE.fullmatch(word) or _TECHNICAL.fullmatch(word)
        if is_long and not is_format and not policy.WORD.fullmatch(word):
            yield word


def _words_of_dicom(data: Any) -> Iterator[str]:
    for element in data:
        if element.VR == "SQ":
            for item in element.value:
                yield from _words_of_dicom(item)
        elif element.keyword in UIDS and str(element.value):
            yield str(element.value)
        elif element.VR in ("PN", "DA", "TM") or element.keyword not in KEPT:
            yield from _identifying(str(element.value))


def _attributes(data: Any) -> Iterator[str]:
    for element in data:
        word = element.keyword
        is_blank = word in EMPTY and not str(element.value)
        if word not in KEPT | UIDS | {"PatientIdentityRemoved", "DeidentificationMethod"} and not is_blank:
            yield word or str(element.tag)
        if element.VR == "SQ":
            for item in element.value:
                yield from _attributes(item)


def _pieces_left_out(source: Path, copy: Path) -> list[bytes]:
    """From the middle of the pixel data of each picture of the source that the copy lacks."""
    with tifffile.TiffFile(copy) as tiff:
        sizes = {(page.imagewidth, page.imagelength) for page in _all_pages(tiff)}
    pieces = []
    with tifffile.TiffFile(source) as tiff:
        for page in _all_pages(tiff):
            if (page.imagewidth, page.imagelength) in sizes:
                continue
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
                if count >= 2 * _PIECE_BYTES:
                    tiff.filehandle.seek(offset + count // 2)
                    piece = tiff.filehandle.read(_PIECE_BYTES)
                    pieces += [piece] if len(set(piece)) > 8 else []
    return pieces


def _hits(path: Path, words: set[str]) -> list[str]:
    forms = {form: word for word in words for form in _forms(word)}
    return sorted({forms[form] for form in _hits_bytes(path, forms)})


def _forms(word: str) -> set[bytes]:
    return {
        word.encode("utf-8"),
        word.encode("utf-16-le"),
        word.encode("utf-16-be"),
        word.encode("latin-1", "replace"),
    }


def _hits_bytes(path: Path, needles: Iterable[bytes]) -> list[bytes]:
    """Those of the needles that occur anywhere in a file."""
    left = {needle for needle in needles if needle}
    longest = max(map(len, left), default=0)
    found: list[bytes] = []
    with path.open("rb") as file:
        tail = b""
        while left and (block := file.read(_WINDOW)):
            window = tail + block
            hits = {needle for needle in left if needle in window}
            found += hits
            left -= hits
            tail = window[-longest:]
    return found
