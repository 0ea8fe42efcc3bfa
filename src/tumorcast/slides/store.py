"""The feature store: one HDF5 a slide in TRIDENT's layout; other tools' bags are read too."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.owner import partial_path

FEATURE_KEYS = ("features", "feats", "embeddings")
"""Names under which TRIDENT, CLAM (`features`), STAMP and MoPaDi (`feats`) keep the bag."""

CHUNK_TILES = 1024
_FLOAT16_MAX = 65504.0


@dataclass(frozen=True)
class StoreAttrs:
    """How the features were made; None where the file does not say.

    Attributes:
        encoder: id of the tile encoder.
        encoder_sha256: digest of its ONNX file.
        target_mpp, slide_mpp: um/px of the tiles and of level 0.
        tile_um, tile_px: side of a tile in micrometres and in pixels at `target_mpp`.
        min_tissue: least share of tissue that a tile had to have.
        is_mpp_given: True where `slide_mpp` was the user's, not the file's.
        source_bytes: size of the slide file.
        n_unreadable: tiles left out because their pixels were damaged.
    """

    encoder: str | None = None
    encoder_sha256: str | None = None
    target_mpp: float | None = None
    slide_mpp: float | None = None
    tile_um: float | None = None
    tile_px: int | None = None
    min_tissue: float | None = None
    is_mpp_given: bool | None = None
    source_bytes: int | None = None
    n_unreadable: int | None = None


@dataclass(frozen=True)
class CoordsAttrs:
    """TRIDENT's attributes of `coords`: sizes in level-0 pixels, magnifications as 20.0, the slide's name."""

    patch_size_level0: int
    level0_magnification: float
    target_magnification: float
    level0_width: int
    level0_height: int
    name: str
    overlap: int = 0


@dataclass(frozen=True)
class FeatureBag:
    """Tiles of one slide.

    Attributes:
        features: float32 [n, dim].
        coords: int64 [n, 2], corner (x, y) in level-0 pixels; -1 where the file has no coordinates.
        attrs: how they were made.
    """

    features: np.ndarray
    coords: np.ndarray
    attrs: StoreAttrs


def write_features(
    path: Path, features: np.ndarray, coords: np.ndarray, attrs: StoreAttrs, coords_attrs: CoordsAttrs
) -> None:
    """Write a store atomically: under a temporary name in the same folder, then renamed.

    Args:
        path: `SLIDE.h5`; folders are made.
        features: [n, dim], stored as float16 (values beyond its range are clipped).
        coords: [n, 2] in level-0 pixels.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_path(path)
    half = np.clip(features, -_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)
    try:
        with h5py.File(temporary, "w") as file:
            chunks = (min(CHUNK_TILES, len(half)), half.shape[1])
            stored = file.create_dataset("features", data=half, chunks=chunks)
            stored.attrs.update({key: value for key, value in asdict(attrs).items() if value is not None})
            located = file.create_dataset("coords", data=coords.astype(np.int64))
            located.attrs.update(asdict(coords_attrs))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_features(path: Path | str) -> FeatureBag:
    """Read a bag written by tumorcast, TRIDENT, CLAM, STAMP or MoPaDi.

    Raises:
        InputError: the file is missing, damaged, or holds no [n, dim] features.
    """
    path = Path(path)
    with _opened(path) as file:
        try:
            dataset = _feature_dataset(file, path)
            features = np.asarray(dataset[()], dtype=np.float32)
            coords = np.asarray(file["coords"][()]) if "coords" in file else None
            attrs = _read_attrs(dataset)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise _damaged(path, error) from error
    features = features[0] if features.ndim == 3 and len(features) == 1 else features
    if features.ndim != 2:
        raise InputError(f"features of {path.name} are not a table", got=features.shape, expected="[n, dim]")
    return FeatureBag(features, _checked_coords(coords, len(features), path), attrs)


def read_attrs(path: Path) -> tuple[StoreAttrs, int]:
    """How a bag was made and how many tiles it has, without reading the features; InputError as above."""
    with _opened(path) as file:
        dataset = _feature_dataset(file, path)
        try:
            return _read_attrs(dataset), int(dataset.shape[-2])
        except (OSError, RuntimeError, TypeError, ValueError, IndexError) as error:
            raise _damaged(path, error) from error


def feature_digest(path: Path | str) -> str:
    """sha256 (hex) of a bag's content: features and coordinates, not of the HDF5 file's bytes."""
    bag = read_features(path)
    digest = hashlib.sha256(repr(bag.features.shape).encode())
    digest.update(np.ascontiguousarray(bag.features).tobytes())
    digest.update(np.ascontiguousarray(bag.coords).tobytes())
    return digest.hexdigest()


def _opened(path: Path) -> h5py.File:
    if not path.is_file():
        raise InputError(
            "there is no such feature file", got=path, fix="run tumorcast encode, or mend the path"
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise _damaged(path, error) from error


def _feature_dataset(file: h5py.File, path: Path) -> h5py.Dataset:
    for key in FEATURE_KEYS:
        if key in file and isinstance(file[key], h5py.Dataset):
            return file[key]
    raise InputError(
        f"{path.name} holds no tile features",
        got=f"datasets {sorted(file)}",
        expected=f"one of {', '.join(FEATURE_KEYS)}",
        fix="give a bag of TRIDENT, CLAM, STAMP or tumorcast encode",
    )


def _read_attrs(dataset: h5py.Dataset) -> StoreAttrs:
    found = {}
    for field in fields(StoreAttrs):
        value = dataset.attrs.get(field.name)
        if value is None:
            continue
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        found[field.name] = value.item() if isinstance(value, np.generic) else value
    return StoreAttrs(**found)


def _checked_coords(coords: np.ndarray | None, count: int, path: Path) -> np.ndarray:
    if coords is None:
        return np.full((count, 2), -1, np.int64)
    coords = coords[0] if coords.ndim == 3 and len(coords) == 1 else coords
    if coords.shape != (count, 2):
        raise InputError(f"coords of {path.name} do not fit", got=coords.shape, expected=(count, 2))
    return coords.astype(np.int64)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name} is not a readable HDF5 feature file",
        got=error,
        expected="an HDF5 file with features [n, dim]",
        fix="delete it and run tumorcast encode again",
    )
