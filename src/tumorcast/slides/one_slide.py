"""One slide from file to feature store: open, find tissue, lay the grid, encode, write, draw."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter

from tqdm import tqdm

from tumorcast.domain.errors import SlideError
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.flags import count_flags
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.levels import check_levels
from tumorcast.slides.mpp import UPSAMPLING_TOLD
from tumorcast.slides.quality import Grid, judge_grid
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.report import ReportRow, failed_row
from tumorcast.slides.stain import StainVerdict, check_stain, slide_stain
from tumorcast.slides.stopwatch import DRAW, PREPARE, STORE, Stopwatch
from tumorcast.slides.store import CoordsAttrs, StoreAttrs, write_features
from tumorcast.slides.tiles import EncodedTiles, encode_tiles
from tumorcast.slides.tissue import Tissue, find_tissue


@dataclass(frozen=True)
class Prepared:
    """An open slide on which the tiles are chosen, and the seconds that this took."""

    slide: Slide
    tissue: Tissue
    grid: Grid
    stain: StainVerdict
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
                stain, grid = judge(job, file, slide, tissue)
            except BaseException:
                slide.close()
                raise
    except Exception as error:  # whatever one slide does must not sink the others
        return failed_row(file, error, mpp, perf_counter() - began)
    return Prepared(slide, tissue, grid, stain, perf_counter() - began)


def judge(job: EncodeJob, file: SlideFile, slide: Slide, tissue: Tissue) -> tuple[StainVerdict, Grid]:
    """Stain and tiles; SlideError for a slide that is not to be encoded, whose picture is drawn where wanted."""
    try:
        check_levels(slide, tissue)
        stain = slide_stain(slide, tissue)
        if not job.any_stain:
            check_stain(stain)
        return stain, judge_grid(slide, tissue, job.settings)
    except SlideError as error:
        if job.with_overlay:
            with suppress(Exception):  # the reason is told whether or not the slide can be drawn
                job.draw_refused(file, slide, tissue, error.code)
        raise


def encode(
    job: EncodeJob, file: SlideFile, prepared: Prepared, readers: Executor, watch: Stopwatch, progress: bool
) -> EncodedTiles:
    """The features of a prepared slide, with a bar while they are made."""
    total, done = len(prepared.grid.coords), 0
    with tqdm(total=total, desc=file.slide_id, unit="tile", leave=False, disable=not progress) as bar:

        def advance(n: int) -> None:
            bar.update(n)
            if job.on_tiles is not None:
                nonlocal done
                done += n
                job.on_tiles(done, total)

        return encode_tiles(prepared.slide, prepared.grid, job.encoder, job.settings, readers, watch, advance)


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
            _attrs(job, prepared, encoded),
            _coords_attrs(job, file, slide),
            encoded.flags,
        )
    job.refused_path(file).unlink(missing_ok=True)
    if job.with_overlay:
        with watch.measure(DRAW):
            grid = prepared.grid.after_reading(encoded.coords, encoded.flags, encoded.unreadable)
            job.draw(file, slide, prepared.tissue, grid)


def remarks(job: EncodeJob, prepared: Prepared, encoded: EncodedTiles) -> str:
    """What speaks against a slide that is encoded all the same; empty where nothing does."""
    told, slide = [], prepared.slide
    if len(encoded.unreadable):
        told.append(f"{len(encoded.unreadable)} damaged tiles left out")
    told += [f"{count} tiles {name}" for name, count in count_flags(encoded.flags).items()]
    if prepared.stain.stain != "H&E":
        told.append(f"stain {prepared.stain.stain}: {prepared.stain}")
    if slide.n_damaged_blocks:
        told.append(f"{slide.n_damaged_blocks} damaged places of the overview left out")
    if slide.mpp > job.settings.target_mpp * UPSAMPLING_TOLD:
        told.append(f"upsampled {slide.mpp / job.settings.target_mpp:.2g}x")
    return "; ".join(told)


def _attrs(job: EncodeJob, prepared: Prepared, encoded: EncodedTiles) -> StoreAttrs:
    slide = prepared.slide
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
        n_unreadable=len(encoded.unreadable),
        overlap=job.settings.overlap,
        context_mpp=job.settings.context_mpp,
        stain=prepared.stain.stain,
    )


def _coords_attrs(job: EncodeJob, file: SlideFile, slide: Slide) -> CoordsAttrs:
    return CoordsAttrs(
        patch_size_level0=round(job.settings.tile_um / slide.mpp),
        level0_magnification=slide.magnification,
        target_magnification=slide.magnification * slide.mpp / job.settings.target_mpp,
        level0_width=slide.dimensions[0],
        level0_height=slide.dimensions[1],
        overlap=round(job.settings.overlap * job.settings.tile_px),
        name=file.slide_id,
    )
