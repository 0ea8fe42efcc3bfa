"""One slide's tiles to features: reading and decoding in threads while the encoder computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from tumorcast.domain.errors import SlideError
from tumorcast.slides.ahead import ahead
from tumorcast.slides.encoders import TileEncoder
from tumorcast.slides.reader import Slide
from tumorcast.slides.stopwatch import ENCODE, READ, WAIT, Stopwatch
from tumorcast.slides.tiling import TileSettings

MAX_UNREADABLE = 0.25
"""A slide that loses more of its tiles (and more than one) to damage is refused: what is left is biased."""

_BATCHES_AHEAD = 3
_TILES_A_TASK = 8


@dataclass(frozen=True)
class EncodedTiles:
    """Features of the tiles that could be read.

    Attributes:
        features: float32 [n, dim].
        coords: int64 [n, 2] in level-0 pixels.
        n_unreadable: tiles whose pixels were damaged.
    """

    features: np.ndarray
    coords: np.ndarray
    n_unreadable: int


def encode_tiles(
    slide: Slide,
    coords: np.ndarray,
    encoder: TileEncoder,
    settings: TileSettings,
    pool: Executor,
    watch: Stopwatch,
    advance: Callable[[int], object] = lambda count: None,
) -> EncodedTiles:
    """Features of the tiles at `coords`; damaged tiles are left out and counted.

    Args:
        slide: where they are read.
        coords: int64 [n, 2] from `tile_grid`.
        encoder: gives the features.
        settings: size of the tiles.
        pool: threads that read and decode.
        watch: told where the time goes.
        advance: told how many tiles were done, for a progress bar.

    Raises:
        SlideError: `tiles_unreadable`, or `features_not_finite`.
    """
    is_read = np.ones(len(coords), dtype=bool)
    features = []

    def read(start: int) -> np.ndarray:
        """Up to `_TILES_A_TASK` tiles [k, tile_px, tile_px, 3]; damaged ones are marked and left out."""
        with watch.measure(READ):
            return _read_tiles(slide, coords, settings, slice(start, start + _TILES_A_TASK), is_read)

    depth = _BATCHES_AHEAD * encoder.batch_tiles // _TILES_A_TASK
    with closing(ahead(pool, read, range(0, len(coords), _TILES_A_TASK), max(depth, 2))) as pieces:
        for batch in _batches(pieces, encoder.batch_tiles, settings.tile_px, watch):
            with watch.measure(ENCODE):
                features.append(encoder.encode(batch))
            watch.n_tiles += len(batch)
            advance(len(batch))
    _check_damage(is_read)
    table = np.concatenate(features).astype(np.float32, copy=False)
    if not np.isfinite(table).all():
        raise SlideError("features_not_finite", "the encoder gave NaN or infinite features", got=encoder.id)
    return EncodedTiles(table, coords[is_read], int((~is_read).sum()))


def _read_tiles(
    slide: Slide, coords: np.ndarray, settings: TileSettings, part: slice, is_read: np.ndarray
) -> np.ndarray:
    side = settings.tile_px
    piece = np.empty((len(coords[part]), side, side, 3), np.uint8)
    filled = 0
    for index, (x0, y0) in enumerate(coords[part].tolist(), start=part.start):
        try:
            piece[filled] = slide.read_tile(x0, y0, side, settings.target_mpp)
        except SlideError:
            is_read[index] = False
            continue
        filled += 1
    return piece[:filled]


def _batches(
    pieces: Iterator[Future[np.ndarray]], batch_tiles: int, tile_px: int, watch: Stopwatch
) -> Iterator[np.ndarray]:
    """Full batches of the readable tiles, and what is left; the same buffer each time."""
    batch = np.empty((batch_tiles, tile_px, tile_px, 3), np.uint8)
    filled = 0
    for future in pieces:
        with watch.measure(WAIT):
            piece = future.result()
        while len(piece):
            count = min(len(piece), batch_tiles - filled)
            batch[filled : filled + count] = piece[:count]
            piece, filled = piece[count:], filled + count
            if filled == batch_tiles:
                yield batch
                filled = 0
    if filled:
        yield batch[:filled]


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
