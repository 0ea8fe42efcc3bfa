"""The feature store: one HDF5 a slide in TRIDENT's layout; bags of other tools are read too."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import CoordsAttrs, FeatureBag, Stated, StoreAttrs
from tumorcast.slides.damage import UNREADABLE
from tumorcast.slides.flags import FLAGS
from tumorcast.slides.ort_session import available_cores
from tumorcast.slides.owner import partial_path
from tumorcast.slides.placing import completed, placed
from tumorcast.slides.slide_embeddings import NPZ, embedding_encoder, read_npz, slide_bag, vector_encoder
from tumorcast.slides.store_forms import FEATURE_KEYS, describe
from tumorcast.slides.stored_rows import StoredRows, StoredTable
from tumorcast.slides.tensor_bags import describe_tensors, read_tensors

CHUNK_TILES = 1024
_WORTH_THREADS = 1_000_000
_FLOAT16_MAX = 65504.0
_NOTHING = Stated()


def write_features(
    path: Path,
    features: np.ndarray,
    coords: np.ndarray,
    attrs: StoreAttrs,
    coords_attrs: CoordsAttrs,
    flags: np.ndarray | None = None,
) -> None:
    """Write a store atomically: under a temporary name in the same folder, then renamed.

    Args:
        path: `SLIDE.h5`; folders are made.
        features: [n, dim], stored as float16 (values beyond its range are clipped).
        coords: [n, 2] in level-0 pixels.
        flags: uint8 [n], bits of `quality.FLAGS`; None where nothing was judged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_path(path)
    half = np.clip(features, -_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)
    try:
        with h5py.File(temporary, "w") as file:
            chunks = (min(CHUNK_TILES, len(half)), half.shape[1])
            stored = file.create_dataset("features", data=half, chunks=chunks)
            stored.attrs.update(_known(attrs))
            located = file.create_dataset("coords", data=coords.astype(np.int64))
            located.attrs.update(_known(coords_attrs))
            if flags is not None:
                file.create_dataset("flags", data=flags.astype(np.uint8)).attrs.update(FLAGS)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _known(attrs: StoreAttrs | CoordsAttrs) -> dict[str, object]:
    return {key: value for key, value in asdict(attrs).items() if value is not None}


def read_features(path: Path | str, stated: Stated = _NOTHING, stay_in_file: bool = False) -> FeatureBag:
    """Read a bag written by tumorcast, TRIDENT, STAMP, CLAM, slideflow or MoPaDi (`.h5`, `.pt`), or the embedding of a
    whole slide (also `.npz`): a bag of one row.

    Features do not depend on units; coordinates whose unit is unknown are left out and the bag says why.

    Args:
        path: the file.
        stated: what the user says where the file is silent.
        stay_in_file: give features of an HDF5 file as `StoredRows`.

    Raises:
        InputError: the file is missing, damaged, or holds no [n, dim] features of tiles.
    """
    path, flags = Path(path), None
    features: Any
    if path.suffix == NPZ:
        return read_npz(path)
    if path.suffix == ".pt":
        features, coords, what = read_tensors(path)
        of_slide = vector_encoder(features.shape, path)
        if of_slide is not None:
            return slide_bag(features, of_slide, path)
    else:
        with _opened(path) as file:
            try:
                dataset = _feature_dataset(file, path)
                of_slide = embedding_encoder(file, dataset, path)
                if of_slide is not None:
                    return slide_bag(dataset[()], of_slide, path)
                features = _stored(dataset, path) if stay_in_file else dataset[()]
                coords = file["coords"][()] if "coords" in file else None
                flags = file["flags"][()] if "flags" in file else None
                what = describe(file, dataset)
            except InputError:
                raise
            except UNREADABLE as error:
                raise _damaged(path, error) from error
    what = completed(what, stated, path.name)
    features = features if isinstance(features, StoredRows) else _table(features, path)
    return replace(placed(features, coords, what, path.name), flags=flags)


def read_attrs(path: Path) -> tuple[StoreAttrs, int]:
    """How a bag was made and how many tiles it has, without reading the features; InputError as above."""
    if path.suffix == NPZ:
        return read_npz(path).attrs, 1
    if path.suffix == ".pt":
        of_slide = vector_encoder(read_tensors(path)[0].shape, path)
        if of_slide is not None:
            return StoreAttrs(encoder=of_slide), 1
        what, count = describe_tensors(path)
        return completed(what, _NOTHING, path.name).attrs, count
    with _opened(path) as file:
        try:
            dataset = _feature_dataset(file, path)
            of_slide = embedding_encoder(file, dataset, path)
            if of_slide is not None:
                return StoreAttrs(encoder=of_slide), 1
            what, count = describe(file, dataset), int(dataset.shape[-2])
        except InputError:
            raise
        except UNREADABLE as error:
            raise _damaged(path, error) from error
    return completed(what, _NOTHING, path.name).attrs, count


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
    except UNREADABLE as error:
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


def _table(features: np.ndarray, path: Path) -> np.ndarray:
    _check_table(features, path)
    return _single_precision(features[0] if features.ndim == 3 else features)


def _stored(dataset: h5py.Dataset, path: Path) -> StoredRows:
    _check_table(dataset, path)
    count, dim = dataset.shape[-2:]
    return StoredRows((StoredTable(path, dataset.name, (count, dim), dataset.ndim == 3),))


def _check_table(features: np.ndarray | h5py.Dataset, path: Path) -> None:
    has_shape = features.ndim == 2 or (features.ndim == 3 and len(features) == 1)
    if not has_shape or features.dtype.kind not in "fiu":
        raise InputError(
            f"features of {path.name} are not a table",
            got=f"{features.dtype} {features.shape}",
            expected="numbers [n, dim]",
        )


def _single_precision(table: np.ndarray) -> np.ndarray:
    """float32; numpy converts half precision at a fifth of the speed of reading it, so on several cores."""
    cores = min(available_cores(), 8)
    if table.dtype != np.float16 or table.size < _WORTH_THREADS or cores == 1:
        return np.asarray(table, dtype=np.float32)
    wide = np.empty(table.shape, np.float32)
    parts = [slice(start, start + CHUNK_TILES) for start in range(0, len(table), CHUNK_TILES)]
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda part: np.copyto(wide[part], table[part]), parts))
    return wide


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name} is not a readable HDF5 feature file",
        got=error,
        expected="an HDF5 file with features [n, dim]",
        fix="delete it and run tumorcast encode again",
    )
