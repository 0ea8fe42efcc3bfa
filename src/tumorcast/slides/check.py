"""What a slide is and what encoding it will meet, before hours are spent."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from tqdm import tqdm

from tumorcast.domain.errors import SlideError, TumorcastError
from tumorcast.slides.discover import READY_SUFFIXES, SlideFile
from tumorcast.slides.levels import check_levels
from tumorcast.slides.mpp import UPSAMPLING_TOLD
from tumorcast.slides.ort_session import available_cores
from tumorcast.slides.owner import written_whole
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.stain import StainVerdict, check_stain, slide_stain
from tumorcast.slides.tiling import TileSettings, tile_grid
from tumorcast.slides.tissue import find_tissue

_POWER_FACTOR = 1.5
_MANY_PIXELS = 1e8
_IDENTIFYING = ("label", "macro")


@dataclass(frozen=True)
class SlideCheck:
    """One row of the table; None where a problem came before.

    Attributes:
        slide_id: name of the slide.
        path: its file.
        format: as OpenSlide names the vendor.
        megabytes: size of the file (of a DICOM slide: of the file named).
        width, height: level-0 pixels.
        mpp: um/px of level 0.
        mpp_from: file, slides.csv or --slide-mpp.
        objective: power stated by the file.
        levels: of the pyramid.
        tissue_mm2: area of tissue.
        n_tiles: tiles to come.
        stain: H&E, not H&E or unknown.
        problem: stable code of what keeps the slide from being encoded; "" for none.
        remedy: what mends it.
        remarks: what speaks against it all the same.
    """

    slide_id: str
    path: str
    format: str | None = None
    megabytes: float | None = None
    width: int | None = None
    height: int | None = None
    mpp: float | None = None
    mpp_from: str | None = None
    objective: str | None = None
    levels: int | None = None
    tissue_mm2: float | None = None
    n_tiles: int | None = None
    stain: str | None = None
    problem: str = ""
    remedy: str = ""
    remarks: str = ""


def check_slides(
    files: Sequence[SlideFile], settings: TileSettings, slide_mpp: float | None = None, progress: bool = True
) -> list[SlideCheck]:
    """One row a slide, in order; none sinks another.

    Args:
        files: the slides.
        settings: of the tiles to come.
        slide_mpp: um/px that stands in where a file does not say it.
        progress: show a bar.
    """
    with ThreadPoolExecutor(available_cores()) as pool:
        rows = pool.map(lambda file: check_slide(file, settings, slide_mpp), files)
        return list(tqdm(rows, total=len(files), desc="slides", unit="slide", disable=not progress))


def check_slide(file: SlideFile, settings: TileSettings, slide_mpp: float | None = None) -> SlideCheck:
    """The row of one slide."""
    found: dict[str, object] = {"slide_id": file.slide_id, "path": str(file.path)}
    try:
        if file.problem is not None:
            raise file.problem
        if file.path.suffix in READY_SUFFIXES:
            return SlideCheck(file.slide_id, str(file.path), "features", remarks="ready features, no image")
        with open_slide(file.path, slide_mpp, file.mpp) as slide:
            found |= _facts(file, slide)
            slide.check_target(settings.target_mpp)
            tissue = find_tissue(slide)
            check_levels(slide, tissue)
            found["tissue_mm2"] = tissue.area_mm2
            found["n_tiles"] = len(tile_grid(slide, tissue, settings))
            stain = slide_stain(slide, tissue)
            found["stain"], found["remarks"] = stain.stain, "; ".join(_remarks(slide, settings, stain))
            check_stain(stain)
    except Exception as error:  # whatever one slide does must not sink the others
        found |= _problem(error)
    return SlideCheck(**found)  # type: ignore[arg-type]


def _facts(file: SlideFile, slide: Slide) -> dict[str, object]:
    given = "slides.csv" if file.mpp else "--slide-mpp"
    return {
        "format": slide.properties.get("openslide.vendor", "image"),
        "megabytes": file.path.stat().st_size / 1e6,
        "width": slide.dimensions[0],
        "height": slide.dimensions[1],
        "mpp": slide.mpp,
        "mpp_from": given if slide.is_mpp_given else "file",
        "objective": slide.properties.get("openslide.objective-power"),
        "levels": slide.n_levels,
    }


def _remarks(slide: Slide, settings: TileSettings, stain: StainVerdict) -> list[str]:
    told = []
    if stain.stain == "unknown":
        told.append(f"stain not recognised: {stain}")
    power = slide.properties.get("openslide.objective-power")
    if power is not None and not _is_likely(slide.mpp, power):
        told.append(f"{slide.mpp:.3g} um/px does not go with an objective of {power}x: check the pixel size")
    if slide.mpp > settings.target_mpp * UPSAMPLING_TOLD:
        told.append(f"upsampled {slide.mpp / settings.target_mpp:.2g}x")
    if slide.n_levels == 1 and slide.dimensions[0] * slide.dimensions[1] > _MANY_PIXELS:
        told.append("one level only: the overview takes long")
    if slide.n_damaged_blocks:
        told.append(f"{slide.n_damaged_blocks} damaged places of the overview")
    shown = [name for name in slide.associated_images if name in _IDENTIFYING]
    if shown:
        told.append(f"carries {' and '.join(shown)}, which may name the patient")
    return told


def _is_likely(mpp: float, power: str) -> bool:
    """True where pixel size and objective agree within half as much again (10 um/px at 1x)."""
    try:
        ratio = mpp * float(power) / 10
    except ValueError:
        return True
    return 1 / _POWER_FACTOR <= ratio <= _POWER_FACTOR if ratio > 0 else True


def _problem(error: Exception) -> dict[str, object]:
    if isinstance(error, TumorcastError):
        code = error.code if isinstance(error, SlideError) else "bad_input"
        lines = [" ".join(line.split()) for line in str(error).splitlines()]
        return {"problem": code, "remedy": "; ".join(lines)}
    return {"problem": "unexpected", "remedy": f"{type(error).__name__}: {' '.join(str(error).split())}"}


def write_checks(path: Path, rows: Iterable[SlideCheck]) -> None:
    """The table as CSV, atomically."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(field.name for field in fields(SlideCheck))
        table.writerows(map(_cells, rows))


def _cells(row: SlideCheck) -> list[object]:
    return [
        "" if each is None else f"{each:.6g}" if isinstance(each, float) else each for each in astuple(row)
    ]


def summary(rows: Sequence[SlideCheck], settings: TileSettings) -> str:
    """What the cohort is like: usable slides, tiles to come, pixel sizes, problems by code."""
    usable = [row for row in rows if not row.problem]
    tiles = sum(row.n_tiles or 0 for row in usable)
    lines = [
        f"{len(usable)} of {len(rows)} slides can be encoded: {tiles} tiles of"
        f" {settings.tile_um:g} um at {settings.target_mpp:g} um/px"
    ]
    groups = Counter(round(row.mpp, 2) for row in usable if row.mpp)
    if len(groups) > 1:
        told = ", ".join(f"{count} at {mpp:g} um/px" for mpp, count in sorted(groups.items()))
        lines.append(f"scanned at different pixel sizes ({told}): tiles of all show the same field")
    for code, count in Counter(row.problem for row in rows if row.problem).most_common():
        lines.append(f"  {count} x {code}")
    return "\n".join(lines)


def as_text(rows: Sequence[SlideCheck]) -> str:
    """The table for the screen: one line a slide, its problem or remarks below."""
    head = (
        "slide",
        "format",
        "MB",
        "pixels",
        "um/px",
        "from",
        "objective",
        "levels",
        "mm2",
        "tiles",
        "stain",
        "problem",
    )
    cells = [_line(row) for row in rows]
    widths = [max(len(line[i]) for line in (head, *cells)) for i in range(len(head))]
    lines = []
    for row, line in [(None, head), *zip(rows, cells, strict=True)]:
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if row is not None and (row.remedy or row.remarks):
            lines.append(f"    {row.remedy or row.remarks}")
    return "\n".join(lines)


def _line(row: SlideCheck) -> tuple[str, ...]:
    def shown(value: object, form: str = "") -> str:
        return "-" if value is None else format(value, form)

    return (
        row.slide_id,
        shown(row.format),
        shown(row.megabytes, ".1f"),
        "-" if row.width is None else f"{row.width} x {row.height}",
        shown(row.mpp, ".4g"),
        shown(row.mpp_from),
        shown(row.objective),
        shown(row.levels),
        shown(row.tissue_mm2, ".2f"),
        shown(row.n_tiles),
        shown(row.stain),
        row.problem,
    )
