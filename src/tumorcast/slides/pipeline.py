"""Many slides to feature stores: overlapped, resumable, and no slide sinks another."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from tqdm import tqdm

from tumorcast.slides.ahead import ahead
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.job import EncodeJob, done_row
from tumorcast.slides.ort_session import available_cores
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.report import ReportRow, failed_row, write_report
from tumorcast.slides.store import (
    CoordsAttrs,
    StoreAttrs,
    remove_partial_stores,
    write_features,
)
from tumorcast.slides.tiles import EncodedTiles, encode_tiles
from tumorcast.slides.tiling import TileSettings, tile_grid
from tumorcast.slides.tissue import Tissue, find_tissue

_SLIDES_AHEAD = 2

UPSAMPLING_TOLD = 1.1
"""Slides whose pixels are coarser than the tiles' by more than this are encoded with a remark."""


@dataclass(frozen=True)
class _Prepared:
    """An open slide on which the tiles are chosen."""

    slide: Slide
    tissue: Tissue
    coords: np.ndarray
    seconds: float


def encode_slides(job: EncodeJob, files: Sequence[SlideFile], progress: bool = True) -> list[ReportRow]:
    """Encode the slides one after the other; the next is opened and searched while one is encoded.

    A store that the same encoder, tile settings and source made is kept. The report is rewritten after each
    slide. Killed at any point, the same call goes on where it was.

    Returns:
        One row a slide, in order, as in `slides_report.csv`.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    remove_partial_stores(job.out)
    rows: list[ReportRow] = []
    with (
        ThreadPoolExecutor(max(2, available_cores()), "tiles") as readers,
        ThreadPoolExecutor(1, "slides") as openers,
        closing(ahead(openers, lambda file: _prepare(job, file), files, _SLIDES_AHEAD)) as prepared,
        tqdm(total=len(files), desc="slides", unit="slide", disable=not progress) as bar,
    ):
        for file, future in zip(files, prepared, strict=True):
            rows.append(_finish(job, file, future, readers, progress))
            bar.update()
            write_report(job.out, rows)
    write_report(job.out, rows)
    return rows


def _prepare(job: EncodeJob, file: SlideFile) -> _Prepared | ReportRow:
    """Open, find tissue, lay the grid; or the row of a slide that is done or cannot be encoded."""
    began = perf_counter()
    if file.problem is not None:
        return failed_row(file, file.problem)
    done = done_row(job, file)
    if done is not None:
        return done
    slide = open_slide(file.path, job.slide_mpp, file.mpp)
    try:
        slide.check_target(job.settings.target_mpp)
        tissue = find_tissue(slide)
        coords = tile_grid(slide, tissue, job.settings)
    except Exception as error:  # the row still tells the slide's pixel size
        slide.close()
        return failed_row(file, error, slide.mpp, perf_counter() - began)
    return _Prepared(slide, tissue, coords, perf_counter() - began)


def _finish(
    job: EncodeJob,
    file: SlideFile,
    future: Future[_Prepared | ReportRow],
    readers: ThreadPoolExecutor,
    progress: bool,
) -> ReportRow:
    """Encode and store a prepared slide; every failure becomes a row."""
    began = perf_counter()
    try:
        prepared = future.result()
        if isinstance(prepared, ReportRow):
            return prepared
        with prepared.slide as slide:
            encoded = _encode(job, file, slide, prepared.coords, readers, progress)
            if job.with_overlay:
                job.draw(file, slide, prepared.tissue, encoded.coords)
            seconds = prepared.seconds + perf_counter() - began
            remarks = _remarks(slide, job.settings, encoded)
            return ReportRow(
                file.slide_id, str(file.path), "ok", remarks, len(encoded.coords), slide.mpp, seconds
            )
    except Exception as error:  # whatever one slide does must not sink the others
        return failed_row(file, error, seconds=perf_counter() - began)


def _encode(
    job: EncodeJob,
    file: SlideFile,
    slide: Slide,
    coords: np.ndarray,
    readers: ThreadPoolExecutor,
    progress: bool,
) -> EncodedTiles:
    with tqdm(total=len(coords), desc=file.slide_id, unit="tile", leave=False, disable=not progress) as bar:
        encoded = encode_tiles(slide, coords, job.encoder, job.settings, readers, bar.update)
    attrs = StoreAttrs(
        encoder=job.encoder.id,
        encoder_sha256=job.encoder.sha256,
        target_mpp=job.settings.target_mpp,
        slide_mpp=slide.mpp,
        tile_um=job.settings.tile_um,
        tile_px=job.settings.tile_px,
        min_tissue=job.settings.min_tissue,
        is_mpp_given=slide.is_mpp_given,
        source_bytes=slide.path.stat().st_size,
        n_unreadable=encoded.n_unreadable,
    )
    coords_attrs = CoordsAttrs(
        patch_size_level0=round(job.settings.tile_um / slide.mpp),
        level0_magnification=slide.magnification,
        target_magnification=slide.magnification * slide.mpp / job.settings.target_mpp,
        level0_width=slide.dimensions[0],
        level0_height=slide.dimensions[1],
        name=file.slide_id,
    )
    write_features(job.store_path(file), encoded.features, encoded.coords, attrs, coords_attrs)
    return encoded


def _remarks(slide: Slide, settings: TileSettings, encoded: EncodedTiles) -> str:
    remarks = []
    if encoded.n_unreadable:
        remarks.append(f"{encoded.n_unreadable} damaged tiles left out")
    if slide.n_damaged_blocks:
        remarks.append(f"{slide.n_damaged_blocks} damaged places of the overview left out")
    if slide.mpp > settings.target_mpp * UPSAMPLING_TOLD:
        remarks.append(f"upsampled {slide.mpp / settings.target_mpp:.2g}x")
    return "; ".join(remarks)
