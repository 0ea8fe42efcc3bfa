"""Flat images (PNG, JPEG, TIFFs with a palette) read whole; for moderate sizes only."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from tumorcast.domain.errors import SlideError
from tumorcast.slides.pixels import ArrayPixels

MAX_PIXELS = 2**28
"""268 megapixels, 0.8 GB in memory; a larger image belongs in a pyramid."""


def read_flat(path: Path) -> ArrayPixels:
    """The image in memory; such files do not say how large a pixel is.

    Raises:
        SlideError: `unsupported_format` (not an image), `unreadable`, `truncated`, `not_rgb`, `too_large`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                _check_size(image.size)
                return ArrayPixels(_as_rgb(image), {})
        except Image.UnidentifiedImageError as error:
            raise _unsupported(path) from error
        except Image.DecompressionBombError as error:
            raise _too_large(str(error)) from error
        except (OSError, SyntaxError, ValueError) as error:
            raise SlideError("truncated", "the image cannot be decoded to its end", got=error) from error


def _as_rgb(image: Image.Image) -> np.ndarray:
    if image.mode not in ("RGB", "RGBA", "CMYK", "YCbCr", "P"):
        raise SlideError(
            "not_rgb",
            "the image is not a colour image of 8 bits a channel",
            got=f"mode {image.mode}",
            expected="a brightfield scan, 8-bit RGB",
            fix="export the brightfield image as 8-bit RGB",
        )
    if image.mode == "RGBA":
        canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
        canvas.alpha_composite(image)
        return np.asarray(canvas.convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large(f"{size[0]} x {size[1]} pixels")


def _too_large(got: str) -> SlideError:
    return SlideError(
        "too_large",
        "a flat image of this size cannot be read whole",
        got=got,
        expected=f"at most {MAX_PIXELS} pixels",
        fix="convert it to a tiled pyramid, for example with vips tiffsave --tile --pyramid",
    )


def _unsupported(path: Path) -> SlideError:
    return SlideError(
        "unsupported_format",
        "neither OpenSlide nor Pillow can read this file",
        got=path.suffix or "no suffix",
        expected="a format of https://openslide.org/formats/ or a flat RGB TIFF, PNG or JPEG",
        fix="export it from the scanner's software as SVS, pyramidal TIFF or DICOM",
    )
