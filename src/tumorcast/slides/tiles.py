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
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.reader import Slide
from tumorcast.slides.tiling import TileSettings

BATCH_TILES = 32
MAX_UNREADABLE = 0.25
"""A slide that loses more of its tiles (and more than one) to damage is refused: what is left is biased."""

_BATCHES_AHEAD = 3


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
    advance: Callable[[int], object] = lambda count: None,
) -> EncodedTiles:
    """Features of the tiles at `coords`; damaged tiles are left out and counted.

    Args:
        slide: where they are read.
        coords: int64 [n, 2] from `tile_grid`.
        encoder: gives the features.
        settings: size of the tiles.
        pool: threads that read and decode.
        advance: told how many tiles were done, for a progress bar.

    Raises:
        SlideError: `tiles_unreadable`, or `features_not_finite`.
    """
    is_read = np.ones(len(coords), dtype=bool)
    features = []

    def read(corner: np.ndarray) -> Rgb:
        return slide.read_tile(int(corner[0]), int(corner[1]), settings.tile_px, settings.target_mpp)

    with closing(ahead(pool, read, coords, _BATCHES_AHEAD * BATCH_TILES)) as futures:
        for batch in _batches(futures, is_read, settings.tile_px):
            features.append(encoder.encode(batch))
            advance(len(batch))
    _check_damage(is_read)
    table = np.concatenate(features).astype(np.float32, copy=False)
    if not np.isfinite(table).all():
        raise SlideError("features_not_finite", "the encoder gave NaN or infinite features", got=encoder.id)
    return EncodedTiles(table, coords[is_read], int((~is_read).sum()))


def _batches(futures: Iterator[Future[Rgb]], is_read: np.ndarray, tile_px: int) -> Iterator[np.ndarray]:
    """Full batches of the readable tiles; marks the others in `is_read`."""
    batch = np.empty((BATCH_TILES, tile_px, tile_px, 3), np.uint8)
    filled = 0
    for index, future in enumerate(futures):
        try:
            batch[filled] = future.result()
        except SlideError:
            is_read[index] = False
            continue
        filled += 1
        if filled == BATCH_TILES:
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
