"""One slide's tiles to features: read, decoded and encoded batch by batch on every core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from threading import BoundedSemaphore

import numpy as np

from tumorcast.domain.errors import SlideError
from tumorcast.slides.ahead import ahead
from tumorcast.slides.encoders import TileEncoder
from tumorcast.slides.flags import FLAGS
from tumorcast.slides.mpp import UPSAMPLING_TOLD
from tumorcast.slides.ort_session import available_cores
from tumorcast.slides.quality import Grid, is_blurred
from tumorcast.slides.reader import Slide
from tumorcast.slides.stopwatch import ENCODE, READ, WAIT, Stopwatch
from tumorcast.slides.tiling import TileSettings

MAX_UNREADABLE = 0.25
"""A slide that loses more of its tiles (and more than one) to damage is refused: what is left is biased."""

_BATCHES_A_THREAD = 2


@dataclass(frozen=True)
class EncodedTiles:
    """Features of the tiles that could be read.

    Attributes:
        features: float32 [n, dim].
        coords: int64 [n, 2] in level-0 pixels.
        flags: uint8 [n], see `flags`.
        unreadable: int64 [k, 2], tiles whose pixels were damaged.
    """

    features: np.ndarray
    coords: np.ndarray
    flags: np.ndarray
    unreadable: np.ndarray


def encode_tiles(
    slide: Slide,
    grid: Grid,
    encoder: TileEncoder,
    settings: TileSettings,
    pool: Executor,
    watch: Stopwatch,
    advance: Callable[[int], object] = lambda count: None,
) -> EncodedTiles:
    """Features of the tiles of a grid; damaged tiles are left out and counted.

    With a second scale the features of the larger field stand behind those of the tile, [n, 2 dim].
    Every thread of the pool reads a batch and has it encoded itself, as far as the encoder lets several in; so
    cores are never idle, nor do two of them wait for each other within a batch.

    Args:
        slide: where they are read.
        grid: which tiles.
        encoder: gives the features.
        settings: size of the tiles.
        pool: threads that read, decode and encode.
        watch: told where the time goes.
        advance: told how many tiles were done, for a progress bar.

    Raises:
        SlideError: `tiles_unreadable`, or `features_not_finite`.
    """
    coords, flags = grid.coords, grid.flags.copy()
    is_read = np.ones(len(coords), dtype=bool)
    may_blur = slide.mpp <= settings.target_mpp * UPSAMPLING_TOLD
    lanes = BoundedSemaphore(encoder.lanes)

    def encoded(start: int) -> np.ndarray | None:
        """Features of one batch; None where none of its tiles could be read."""
        with watch.measure(READ):
            part = slice(start, start + encoder.batch_tiles)
            tiles, fields = _read_tiles(slide, coords, settings, part, is_read)
            if may_blur:
                blurred = np.array([is_blurred(tile) for tile in tiles], bool)
                flags[np.flatnonzero(is_read[part]) + start] |= blurred * np.uint8(FLAGS["blurred"])
        if not len(tiles):
            return None
        with watch.measure(WAIT):
            lanes.acquire()
        try:
            with watch.measure(ENCODE):
                features = encoder.encode(tiles)
                return features if fields is None else np.hstack([features, encoder.encode(fields)])
        finally:
            lanes.release()

    features = []
    starts = range(0, len(coords), encoder.batch_tiles)
    with closing(ahead(pool, encoded, starts, _BATCHES_A_THREAD * n_threads(encoder))) as batches:
        for batch in batches:
            found = batch.result()
            if found is not None:
                features.append(found)
                watch.n_tiles += len(found)
                advance(len(found))
    _check_damage(is_read)
    table = np.concatenate(features).astype(np.float32, copy=False)
    if not np.isfinite(table).all():
        raise SlideError("features_not_finite", "the encoder gave NaN or infinite features", got=encoder.id)
    return EncodedTiles(table, coords[is_read], flags[is_read], coords[~is_read])


def n_threads(encoder: TileEncoder) -> int:
    """Threads for an encoder: one a core, and one more than it can serve at once, so that it never waits."""
    return max(available_cores(), encoder.lanes if encoder.lanes > 1 else 2)


def _read_tiles(
    slide: Slide, coords: np.ndarray, settings: TileSettings, part: slice, is_read: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Tiles [k, tile_px, tile_px, 3] of a part of the coordinates, and the larger fields around them where wanted.

    Those that are damaged in either are marked and left out of both.
    """
    side, coarse = settings.tile_px, settings.context_mpp
    piece = np.empty((len(coords[part]), side, side, 3), np.uint8)
    fields = None if coarse is None else np.empty_like(piece)
    shift = 0 if coarse is None else round(side * (coarse - settings.target_mpp) / 2 / slide.mpp)
    filled = 0
    for index, (x0, y0) in enumerate(coords[part].tolist(), start=part.start):
        try:
            piece[filled] = slide.read_tile(x0, y0, side, settings.target_mpp)
            if fields is not None and coarse is not None:
                fields[filled] = slide.read_tile(x0 - shift, y0 - shift, side, coarse)
        except SlideError:
            is_read[index] = False
            continue
        filled += 1
    return piece[:filled], None if fields is None else fields[:filled]


def _check_damage(is_read: np.ndarray) -> None:
    lost = int((~is_read).sum())
    if lost == len(is_read) or (lost > 1 and lost > MAX_UNREADABLE * len(is_read)):
        raise SlideError(
            "tiles_unreadable",
            "too much of the slide is damaged",
            got=f"{lost} of {len(is_read)} tiles cannot be read",
            expected=f"at most {MAX_UNREADABLE:.0%}",
            fix="copy or export the slide again",
        )
