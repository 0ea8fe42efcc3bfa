"""Bags in torch files: CLAM and TRIDENT (coordinates in an HDF5 file near by), slideflow (an index beside)."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import Described, StoreAttrs
from tumorcast.slides.damage import DAMAGED_ARCHIVE, UNREADABLE
from tumorcast.slides.encoder_catalogue import canonical_encoder
from tumorcast.slides.store_forms import describe
from tumorcast.slides.torch_file import read_torch_file

_KEYS = ("", "features", "feats")
_SLIDEFLOW_CONFIG = "bags_config.json"


def read_tensors(path: Path) -> tuple[np.ndarray, np.ndarray | None, Described]:
    """Features, coordinates (None where there are none) and their description.

    Raises:
        InputError: no torch file of plain tensors, or what lies beside it cannot be read.
    """
    tensors = read_torch_file(path)
    features = next((tensors[key] for key in _KEYS if key in tensors), None)
    if features is None:
        raise InputError(
            f"{path.name} holds no tile features",
            got=f"tensors {sorted(tensors)}",
            expected="one tensor, or features",
        )
    index = path.with_name(f"{path.stem}.index.npz")
    if index.is_file():
        return features, _slideflow_index(index), _slideflow(path.parent / _SLIDEFLOW_CONFIG)
    if "coords" in tensors:
        return features, tensors["coords"], Described("torch", why_unknown="a torch file states no units")
    beside = path.parent.parent / "h5_files" / f"{path.stem}.h5"
    if path.parent.name == "pt_files" and beside.is_file():
        return features, *_clam_coords(beside)
    return features, None, Described("torch")


def describe_tensors(path: Path) -> tuple[Described, int]:
    """The description and the number of tiles; InputError as above."""
    features, _, what = read_tensors(path)
    return what, int(features.shape[-2]) if features.ndim > 1 else 0


def _slideflow_index(index: Path) -> np.ndarray:
    """Centres of the tiles in level-0 pixels, as slideflow's `index.npz` lists them."""
    try:
        with np.load(index, allow_pickle=False) as found:
            return found["arr_0"]
    except (OSError, ValueError, KeyError, *DAMAGED_ARCHIVE) as error:
        raise InputError(
            f"{index.name} cannot be read", got=error, expected="slideflow's list of tile locations"
        ) from error


def _slideflow(config: Path) -> Described:
    """slideflow keeps a folder's settings in one file: extractor, side of the tiles in pixels and micrometres."""
    if not config.is_file():
        return Described("slideflow", unit="px", is_centre=True)
    try:
        told = json.loads(config.read_text(encoding="utf-8"))
        extractor = str(told["extractor"]["class"]).rpartition(".")[2].removesuffix("Features")
        um, pixels = told["tile_um"], int(told["tile_px"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{config.name} cannot be read", got=error, expected="slideflow's settings"
        ) from error
    # tile_um may be a magnification such as "20x", which is no size
    size = float(um) if isinstance(um, int | float) else None
    attrs = StoreAttrs(encoder=canonical_encoder(extractor), tile_um=size, tile_px=pixels)
    return Described("slideflow", attrs, unit="px", is_centre=True)


def _clam_coords(path: Path) -> tuple[np.ndarray, Described]:
    try:
        with h5py.File(path) as file:
            return file["coords"][()], describe(file, file["features"])
    except UNREADABLE as error:
        raise InputError(
            f"{path.name} cannot be read", got=error, expected="CLAM's features and coords"
        ) from error
