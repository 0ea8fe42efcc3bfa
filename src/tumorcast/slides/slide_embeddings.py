"""Embeddings of whole slides in files of TRIDENT, STAMP and others -> a bag of one row without a place.

A file holds an embedding where its features are one vector [dim], or one row [1, dim] and the file, the number of its
coordinates or its folder says that it stands for a whole slide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import FeatureBag, StoreAttrs
from tumorcast.slides.damage import DAMAGED_ARCHIVE
from tumorcast.slides.slide_encoders import slide_encoder_id

NPZ = ".npz"
_KEYS = ("features", "feats", "embedding", "slide_embedding")
_FOLDER = re.compile(r"^slide_features_(.+)$")
_UNPLACED = "an embedding of a whole slide has no tiles"


def embedding_encoder(file: h5py.File, features: h5py.Dataset, path: Path) -> str | None:
    """Id of the slide encoder of an HDF5 file; None where its features are those of tiles."""
    told = {key: _text(value) for key, value in (*file.attrs.items(), *features.attrs.items())}
    coords = file["coords"].shape[0] if "coords" in file and file["coords"].ndim == 2 else None
    return _encoder_of(told, tuple(features.shape), coords, path)


def vector_encoder(shape: tuple[int, ...], path: Path) -> str | None:
    """The same for a torch file, which tells nothing but its shape and its folder."""
    return _encoder_of({}, shape, None, path)


def _encoder_of(
    told: Mapping[str, str | None], shape: tuple[int, ...], coords: int | None, path: Path
) -> str | None:
    is_row = len(shape) == 2 and shape[0] == 1
    if len(shape) != 1 and not is_row:
        return None
    folder = _FOLDER.match(path.parent.name) or _FOLDER.match(Path(told.get("savetodir") or "").name)
    named = told.get("slide_encoder") or (folder.group(1) if folder else None)
    is_slide = told.get("feat_type") == "slide"
    if named is None and told.get("encoder") != "None" and (is_slide or not is_row):
        named = told.get("encoder")
    if is_row and not (is_slide or named or (coords or 1) > 1):
        return None
    return slide_encoder_id(named, told.get("tile_encoder") or told.get("extractor"))


def slide_bag(features: np.ndarray, encoder: str, path: Path) -> FeatureBag:
    """A bag of one row.

    Raises:
        InputError: no vector of numbers.
    """
    vector = np.asarray(features)
    if vector.dtype.kind not in "fiu" or vector.size == 0 or vector.size != vector.shape[-1]:
        raise InputError(
            f"the embedding in {path.name} is no vector",
            got=f"{vector.dtype} {vector.shape}",
            expected="numbers [dim] or [1, dim]",
        )
    row = vector.reshape(1, -1).astype(np.float32)
    nowhere = np.full((1, 2), -1, np.int64)
    return FeatureBag(row, nowhere, StoreAttrs(encoder=encoder), form="slide embedding", unplaced=_UNPLACED)


def read_npz(path: Path) -> FeatureBag:
    """The embedding in a NumPy archive: `features` [dim] or [1, dim]; `encoder` and `tile_encoder` as texts where
    they are there.

    Raises:
        InputError: the file is missing, damaged, or holds no embedding.
    """
    if not path.is_file():
        raise InputError("there is no such feature file", got=path, fix="mend the path")
    try:
        with np.load(path, allow_pickle=False) as found:
            key = next((key for key in _KEYS if key in found), None)
            features = None if key is None else found[key]
            told = {name: str(found[name]) for name in ("encoder", "tile_encoder") if name in found}
            names = sorted(found)
    except (OSError, ValueError, KeyError, *DAMAGED_ARCHIVE) as error:
        raise InputError(f"{path.name} cannot be read", got=error, expected="a NumPy archive") from error
    if features is None:
        raise InputError(f"{path.name} holds no embedding", got=f"arrays {names}", expected="features")
    folder = _FOLDER.match(path.parent.name)
    named = told.get("encoder") or (folder.group(1) if folder else None)
    return slide_bag(features, slide_encoder_id(named, told.get("tile_encoder")), path)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
