"""One slide from file to feature store: open, find tissue, lay the grid, encode, write, draw."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from tqdm import tqdm

from tumorcast.slides.discover import SlideFile
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.report import ReportRow, failed_row
from tumorcast.slides.stopwatch import DRAW, PREPARE, STORE, Stopwatch
from tumorcast.slides.store import CoordsAttrs, StoreAttrs, write_features
from tumorcast.slides.tiles import EncodedTiles, encode_tiles
from tumorcast.slides.tiling import tile_grid
from tumorcast.slides.tissue import Tissue, find_tissue

UPSAMPLING_TOLD = 1.1
"""Slides whose pixels are coarser than the tiles' by more than this are encoded with a remark."""


@dataclass(frozen=True)
class Prepared:
    """An open slide on which the tiles are chosen, and the seconds that this took."""

    slide: Slide
    tissue: Tissue
    coords: np.ndarray
    seconds: float


def prepare(job: EncodeJob, file: SlideFile, watch: Stopwatch) -> Prepared | ReportRow:
    """Open the slide and choose its tiles; or the row of one that cannot be encoded."""
    began = perf_counter()
    mpp = None
    try:
        with watch.measure(PREPARE):
            slide = open_slide(file.path, job.slide_mpp, file.mpp)
            mpp = slide.mpp
            try:
                slide.check_target(job.settings.target_mpp)
                tissue = find_tissue(slide)
                coords = tile_grid(slide, tissue, job.settings)
            except BaseException:
                slide.close()
                raise
    except Exception as error:  # whatever one slide does must not sink the others
        return failed_row(file, error, mpp, perf_counter() - began)
    return Prepared(slide, tissue, coords, perf_counter() - began)


def encode(
    job: EncodeJob, file: SlideFile, prepared: Prepared, readers: Executor, watch: Stopwatch, progress: bool
) -> EncodedTiles:
    """The features of a prepared slide, with a bar while they are made."""
    total = len(prepared.coords)
    with tqdm(total=total, desc=file.slide_id, unit="tile", leave=False, disable=not progress) as bar:
        return encode_tiles(
            prepared.slide, prepared.coords, job.encoder, job.settings, readers, watch, bar.update
        )


def keep(
    job: EncodeJob, file: SlideFile, prepared: Prepared, encoded: EncodedTiles, watch: Stopwatch
) -> None:
    """Write the store and, where wanted, the picture."""
    slide = prepared.slide
    with watch.measure(STORE):
        write_features(
            job.store_path(file),
            encoded.features,
            encoded.coords,
            _attrs(job, slide, encoded),
            _coords_attrs(job, file, slide),
        )
    if job.with_overlay:
        with watch.measure(DRAW):
            job.draw(file, slide, prepared.tissue, encoded.coords)


def remarks(job: EncodeJob, slide: Slide, encoded: EncodedTiles) -> str:
    """What speaks against a slide that is encoded all the same; empty where nothing does."""
    told = []
    if encoded.n_unreadable:
        told.append(f"{encoded.n_unreadable} damaged tiles left out")
    if slide.n_damaged_blocks:
        told.append(f"{slide.n_damaged_blocks} damaged places of the overview left out")
    if slide.mpp > job.settings.target_mpp * UPSAMPLING_TOLD:
        told.append(f"upsampled {slide.mpp / job.settings.target_mpp:.2g}x")
    return "; ".join(told)


def _attrs(job: EncodeJob, slide: Slide, encoded: EncodedTiles) -> StoreAttrs:
    return StoreAttrs(
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


def _coords_attrs(job: EncodeJob, file: SlideFile, slide: Slide) -> CoordsAttrs:
    return CoordsAttrs(
        patch_size_level0=round(job.settings.tile_um / slide.mpp),
        level0_magnification=slide.magnification,
        target_magnification=slide.magnification * slide.mpp / job.settings.target_mpp,
        level0_width=slide.dimensions[0],
        level0_height=slide.dimensions[1],
        name=file.slide_id,
    )
