"""Which slides are meant: a study's list, every scanner file below a folder, or files by name."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tumorcast.domain.errors import InputError, SlideError
from tumorcast.readers.files import is_plain_name
from tumorcast.slides.dicom import series_uid
from tumorcast.slides.mpp import is_plausible

SLIDE_SUFFIXES = frozenset(
    {".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".tif", ".tiff", ".btf", ".tf8", ".vms", ".vmu", ".svslide"}
    | {".dcm", ".czi", ".zvi", ".isyntax", ".i2syntax", ".qptiff", ".vsi", ".afi", ".jp2", ".kfb", ".sdpc"}
    | {".mds", ".mdsx", ".tmap", ".szi", ".zif"}
)
"""Suffixes of scanner formats. Those that cannot be read are searched for too, so that they are reported."""

READY_SUFFIXES = (".h5", ".pt", ".npz")
"""Of feature bags that are ready: nothing is encoded."""


@dataclass(frozen=True)
class SlideFile:
    """One slide to encode.

    Attributes:
        slide_id: its name in the study, or its path below the searched folder without suffix; longer
            where another slide has the same.
        path: the file (for DICOM the first file of the series).
        store_name: path of its feature store below the output folder, without `.h5`.
        mpp: um/px from the study's column `mpp`, believed before the file's metadata; None: the file decides.
        problem: why it cannot be encoded, known before it is opened.
        origin: path from which longer names are made where `store_name` is taken; None: the file's own.
    """

    slide_id: str
    path: Path
    store_name: str
    mpp: float | None = None
    problem: SlideError | None = None
    origin: Path | None = None


def find_slides(inputs: Iterable[Path | str]) -> list[SlideFile]:
    """The slides that the inputs mean, in order, each file once, each with a store name of its own.

    Args:
        inputs: study folders (with `slides.csv`), folders to search recursively, and files.

    Raises:
        InputError: an input does not exist, `slides.csv` is unusable, or there is no slide at all.
    """
    places = [Path(each) for each in inputs]
    found: dict[Path, SlideFile] = {}
    for given in places:
        for slide in _slides_of(given):
            found.setdefault(_identity(slide), slide)
    if not found:
        raise InputError(
            "no slides were found",
            got=", ".join(map(str, places)),
            expected="files that end in " + " ".join(sorted(SLIDE_SUFFIXES)),
            fix="name the files themselves if their suffix is another",
        )
    return _with_distinct_stores(list(found.values()))


def _identity(slide: SlideFile) -> Path:
    """Files are told apart by path; rows of a study, which may repeat a file, by slide id as well."""
    return slide.path.absolute() / slide.slide_id


def _slides_of(given: Path) -> Iterator[SlideFile]:
    if given.is_dir() and (given / "slides.csv").is_file():
        yield from _listed(given)
    elif given.is_dir():
        yield from _searched(given)
    elif given.is_file():
        yield SlideFile(given.stem, given, given.stem)
    else:
        raise InputError("there is no such file or folder", got=given, fix="check the path")


def _listed(study: Path) -> Iterator[SlideFile]:
    """Rows of `slides.csv`; a bad row is a slide with a problem, so that it reaches the report."""
    table = study / "slides.csv"
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("slides.csv cannot be read", got=error, expected="a UTF-8 table") from error
    if rows and not {"slide_id", "path"} <= set(rows[0]):
        raise InputError(
            "slides.csv lacks columns",
            got=sorted(map(str, rows[0])),
            expected="slide_id,sample_id,path[,mpp]",
        )
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        slide_id, told = (row["slide_id"] or "").strip(), (row["path"] or "").strip()
        mpp, problem = _row_mpp(row.get("mpp"), number)
        if not told or slide_id in seen or not is_plain_name(slide_id):
            why = "repeated" if slide_id in seen else "empty or not usable as a file name"
            what = f"slides.csv line {number}: slide_id or path is {why}"
            problem = SlideError("bad_row", what, got=f"{slide_id!r}, {told!r}")
            slide_id = f"line_{number}"
        seen.add(slide_id)
        yield SlideFile(slide_id, study / told, slide_id, mpp, problem, study / slide_id)


def _row_mpp(text: str | None, number: int) -> tuple[float | None, SlideError | None]:
    text = (text or "").strip()
    if text.lower() in ("", "na", "nan"):
        return None, None
    try:
        mpp = float(text)
    except ValueError:
        mpp = -1.0
    if is_plausible(mpp):
        return mpp, None
    what = f"slides.csv line {number}: mpp is not a plausible pixel size"
    return None, SlideError("bad_mpp", what, got=text, expected="0.05 to 10 um/px")


def _searched(folder: Path) -> Iterator[SlideFile]:
    for place, names in _walk(folder):
        files = [place / name for name in names if Path(name).suffix.lower() in SLIDE_SUFFIXES]
        yield from _series([file for file in files if file.suffix.lower() == ".dcm"], folder)
        for file in files:
            if file.suffix.lower() != ".dcm":
                name = _below(file.with_suffix(""), folder)
                yield SlideFile(name, file, name)


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders with the names of their files, sorted, links followed, hidden ones and loops left out."""
    visited: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place), sorted(name for name in names if not name.startswith("."))


def _series(files: list[Path], root: Path) -> Iterator[SlideFile]:
    """One slide a DICOM series: named after the folder where that holds a single series."""
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(series_uid(file) or str(file), file)
    for file in first.values():
        alone = len(first) == 1 and file.parent != root
        name = _below(file.parent if alone else file.with_suffix(""), root)
        yield SlideFile(name, file, name)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _with_distinct_stores(slides: list[SlideFile]) -> list[SlideFile]:
    """Slides that share a name are named by more and more of their path (`a.svs`, `site/a.svs`, ...)."""
    wider = [_wider_names(slide) for slide in slides]
    names = [slide.store_name for slide in slides]
    shared = _shared(names)
    while shared:
        for index in shared:
            names[index] = next(wider[index], f"{names[index]}_{index}")
        shared = _shared(names)
    return [
        slide if name == slide.store_name else replace(slide, slide_id=name, store_name=name)
        for slide, name in zip(slides, names, strict=True)
    ]


def _shared(names: list[str]) -> list[int]:
    """Indices of names that occur twice, also on file systems that fold case."""
    counts = Counter(name.lower() for name in names)
    return [index for index, name in enumerate(names) if counts[name.lower()] > 1]


def _wider_names(slide: SlideFile) -> Iterator[str]:
    origin = slide.origin or slide.path
    parts = [part for part in origin.absolute().parts if part.strip("/\\")]
    for count in range(slide.store_name.count("/") + 1, len(parts) + 1):
        yield "/".join(parts[-count:])
