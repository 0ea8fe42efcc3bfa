"""One encoding job, and whether a slide of it is done already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.discover import READY_SUFFIXES, SlideFile
from tumorcast.slides.encoders import TileEncoder
from tumorcast.slides.leases import LEASE_SECONDS
from tumorcast.slides.quality import Grid, judge_grid, write_tiles
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.report import ReportRow
from tumorcast.slides.store import StoreAttrs, read_attrs, read_features
from tumorcast.slides.tiling import TileSettings
from tumorcast.slides.tissue import Tissue, find_tissue


@dataclass(frozen=True)
class EncodeJob:
    """What is done with every slide.

    Attributes:
        encoder: gives the features.
        settings: size of the tiles.
        out: folder of the stores and of the report.
        slide_mpp: um/px that stands in where a file does not say it.
        any_stain: encode slides too that are not stained with haematoxylin and eosin.
        with_overlay: also draw `SLIDE.overlay.png` beside each store and list its tiles in `SLIDE.tiles.csv`.
        lease_seconds: how long a silent process on another machine keeps the slides that it has claimed.
        on_tiles: told (tiles done, of how many) of the slide that is being encoded.
    """

    encoder: TileEncoder
    settings: TileSettings
    out: Path
    slide_mpp: float | None = None
    with_overlay: bool = False
    any_stain: bool = False
    lease_seconds: float = LEASE_SECONDS
    on_tiles: Callable[[int, int], None] | None = None

    def store_path(self, file: SlideFile) -> Path:
        """Where the slide's features go."""
        return self.out / f"{file.store_name}.h5"

    def overlay_path(self, file: SlideFile) -> Path:
        """Where the slide's picture goes."""
        return self.out / f"{file.store_name}.overlay.png"

    def refused_path(self, file: SlideFile) -> Path:
        """Where the picture of a slide that is not encoded goes."""
        return self.out / f"{file.store_name}.refused.png"

    def draw(self, file: SlideFile, slide: Slide, tissue: Tissue, grid: Grid) -> None:
        """Write the slide's picture and the list of its tiles."""
        from tumorcast.slides.overlay import draw_overlay

        path = self.overlay_path(file)
        write_tiles(path.with_name(path.name.replace(".overlay.png", ".tiles.csv")), grid, slide.mpp)
        draw_overlay(slide, tissue, grid.coords, path, self.settings.tile_um, judged=grid)

    def draw_refused(self, file: SlideFile, slide: Slide, tissue: Tissue, code: str) -> None:
        """Write the picture of a slide that is not encoded, with the code of the reason."""
        from tumorcast.slides.overlay import draw_overlay

        none = np.empty((0, 2), np.int64)
        draw_overlay(slide, tissue, none, self.refused_path(file), self.settings.tile_um, refused=code)


def done_row(job: EncodeJob, file: SlideFile) -> ReportRow | None:
    """The row of a slide whose features are there and fit the job; None where there is something to do.

    A slide that is a ready feature bag (`.h5`, `.pt`) is done, whatever made it; InputError where it is damaged.
    """
    if file.path.suffix in READY_SUFFIXES:
        attrs, count = read_attrs(file.path)
        return _skipped(file, "ready_features", count, attrs.slide_mpp)
    store = job.store_path(file)
    if not store.is_file() or not file.path.is_file():
        return None
    try:
        attrs, count = read_attrs(store)
    except InputError:
        return None
    if not _fits(attrs, job, file):
        return None
    if job.with_overlay and not job.overlay_path(file).is_file():
        _draw_from_store(job, file, store)
    return _skipped(file, "already_encoded", count, attrs.slide_mpp)


def _fits(attrs: StoreAttrs, job: EncodeJob, file: SlideFile) -> bool:
    """True where the same encoder, tiles, pixel size and source made the store."""
    made = (
        attrs.encoder_sha256,
        attrs.target_mpp,
        attrs.tile_px,
        attrs.min_tissue,
        attrs.overlap or 0.0,
        attrs.context_mpp,
        attrs.source_bytes,
    )
    settings = job.settings
    wanted = (
        job.encoder.sha256,
        settings.target_mpp,
        settings.tile_px,
        settings.min_tissue,
        settings.overlap,
        settings.context_mpp,
        file.path.stat().st_size,
    )
    given = file.mpp or job.slide_mpp
    is_same_mpp = attrs.slide_mpp == given if attrs.is_mpp_given else file.mpp is None
    is_refused = attrs.stain == "not H&E" and not job.any_stain
    return made == wanted and is_same_mpp and not is_refused


def _draw_from_store(job: EncodeJob, file: SlideFile, store: Path) -> None:
    stored = read_features(store)
    with open_slide(file.path, job.slide_mpp, file.mpp) as slide:
        tissue = find_tissue(slide)
        grid = judge_grid(slide, tissue, job.settings)
        flags = grid.flags if stored.flags is None else stored.flags
        lost = np.array([tuple(each) not in set(map(tuple, stored.coords)) for each in grid.coords], bool)
        job.draw(file, slide, tissue, grid.after_reading(stored.coords, flags, grid.coords[lost]))


def _skipped(file: SlideFile, reason: str, count: int, mpp: float | None) -> ReportRow:
    return ReportRow(file.slide_id, str(file.path), "skipped", reason, count, mpp)
