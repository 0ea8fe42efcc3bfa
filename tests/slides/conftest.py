"""Synthetic slides and a stand-in encoder: what the slide tests are made of."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import tifffile
from PIL import Image

TILE_PX = 256


def stained_image(width: int, height: int, seed: int = 0, stained: bool = True) -> np.ndarray:
    """Off-white glass with, in the middle half, purple tissue; uint8 [h, w, 3]."""
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), (243, 242, 245), np.float32)
    if stained:
        inside = image[height // 4 : -height // 4, width // 4 : -width // 4]
        inside[:] = np.array((190, 110, 170)) + random.normal(0, 15, inside.shape)
    image += random.normal(0, 1.5, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def write_pyramid(path: Path, image: np.ndarray, mpp: float | None = 0.5, levels: int = 2) -> Path:
    """An Aperio-like pyramid of JPEG tiles; each further level is four times coarser."""
    description = "Aperio Image Library v12.0.15\r\n" + (
        f"{image.shape[1]}x{image.shape[0]} (256x256) JPEG/RGB Q=85|AppMag = 20"
        + (f"|MPP = {mpp:.4f}" if mpp else "")
    )
    # tifffile looks for its own JPEG codec, which is a further package, though the tiles come encoded
    codec = patch.object(type(tifffile.TIFF), "COMPRESSORS", {7: bytes})
    with codec, tifffile.TiffWriter(path) as tiff:
        for level in range(levels):
            step = 4**level
            size = image.shape[1] // step, image.shape[0] // step
            picture = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
            tiff.write(
                _jpeg_tiles(picture),
                shape=picture.shape,
                dtype=np.uint8,
                photometric="ycbcr",
                subsampling=(2, 2),
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                description=description,
                metadata=None,
                subfiletype=int(level > 0),
            )
    return path


def _jpeg_tiles(picture: np.ndarray):  # type: ignore[no-untyped-def]
    height, width, _ = picture.shape
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            tile = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
            part = picture[top : top + TILE_PX, left : left + TILE_PX]
            tile[: part.shape[0], : part.shape[1]] = part
            buffer = io.BytesIO()
            Image.fromarray(tile).save(buffer, "JPEG", quality=85, subsampling="4:2:0")
            yield buffer.getvalue()


class MeanColourEncoder:
    """Mean colour of a tile, repeated to `dim`: instant, and its features can be predicted."""

    id = "mean_colour"
    sha256 = "0" * 64
    target_mpp = 0.5
    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)
    tuned_on = ""
    batch_tiles = 32
    lanes = 1

    def __init__(self, tile_px: int = 128, dim: int = 6) -> None:
        self.tile_px, self.dim = tile_px, dim
        self.n_encoded = 0

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        self.n_encoded += len(tiles)
        colour = tiles.reshape(len(tiles), -1, 3).mean(1).astype(np.float32)
        return np.tile(colour, (1, self.dim // 3))


@pytest.fixture
def encoder() -> MeanColourEncoder:
    return MeanColourEncoder()


@pytest.fixture
def make_slide(tmp_path: Path) -> Callable[..., Path]:
    """make_slide(name="a.svs", mpp=0.5, size=1024, stained=True, seed=0) -> path in tmp_path."""

    def make(
        name: str = "a.svs",
        mpp: float | None = 0.5,
        size: int = 1024,
        stained: bool = True,
        seed: int = 0,
        levels: int = 2,
    ) -> Path:
        path = tmp_path / "slides" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_pyramid(path, stained_image(size, size, seed, stained), mpp, levels)

    return make
