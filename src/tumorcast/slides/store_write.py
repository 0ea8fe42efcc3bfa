"""Bags in other tools' layouts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import FeatureBag
from tumorcast.slides.owner import written_whole
from tumorcast.slides.store import write_features

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAMP_VERSION = "2.1.0"  # the layout's, not this project's: STAMP refuses files of versions above its own


def write_tumorcast(path: Path, bag: FeatureBag) -> None:
    """Our own layout, which is TRIDENT's with more attributes and float16; atomic."""
    write_features(path, np.asarray(bag.features), bag.coords, bag.attrs, bag.located)


def write_trident(path: Path, bag: FeatureBag) -> None:
    """TRIDENT's layout: float32 `features` and int64 `coords` (corners, level-0 pixels), attributes on both; atomic.

    Raises:
        InputError: the tiles' places, or their side on level 0, are not known.
    """
    side = bag.located.patch_size_level0
    if not bag.has_coords or not side:
        raise _lacking("TRIDENT", bag, "the side of a tile in level-0 pixels" if bag.has_coords else None)
    with _atomic(path) as file:
        features = file.create_dataset("features", data=bag.features, chunks=(1, bag.features.shape[1]))
        features.attrs.update(name=path.stem, savetodir="None", encoder=bag.attrs.encoder or "None")
        coords = file.create_dataset("coords", data=bag.coords, chunks=(1, 2))
        located = bag.located
        told = {
            "patch_size": bag.attrs.tile_px,
            "patch_size_level0": side,
            "level0_magnification": located.level0_magnification,
            "target_magnification": located.target_magnification,
            "overlap": located.overlap or 0,
            "name": path.stem,
            "savetodir": "None",
            "level0_width": located.level0_width,
            "level0_height": located.level0_height,
        }
        coords.attrs.update({key: "None" if value is None else value for key, value in told.items()})


def write_stamp(path: Path, bag: FeatureBag) -> None:
    """STAMP's layout since 2.1: float16 `feats`, float32 `coords` (corners, um), attributes on the file; atomic.

    Raises:
        InputError: the tiles' places or side in micrometres are not known.
    """
    um = bag.coords_um
    if um is None and bag.has_coords and bag.attrs.slide_mpp:
        um = bag.coords * bag.attrs.slide_mpp
    if um is None or not bag.attrs.tile_um:
        raise _lacking("STAMP", bag, "micrometres (the slide's um/px)" if bag.has_coords else None)
    with _atomic(path) as file:
        file["coords"] = um.astype(np.float32)
        file["feats"] = np.clip(bag.features, -65504, 65504).astype(np.float16)
        file.attrs["stamp_version"] = _STAMP_VERSION
        file.attrs["extractor"] = bag.attrs.encoder or "unknown"
        file.attrs["unit"] = "um"
        file.attrs["tile_size_um"] = float(bag.attrs.tile_um)
        file.attrs["code_hash"] = "tumorcast"
        file.attrs["feat_type"] = "tile"
        if bag.attrs.tile_px:
            file.attrs["tile_size_px"] = int(bag.attrs.tile_px)


WRITERS: dict[str, Callable[[Path, FeatureBag], None]] = {
    "trident": write_trident,
    "stamp": write_stamp,
    "tumorcast": write_tumorcast,
}


def _lacking(form: str, bag: FeatureBag, what: str | None) -> InputError:
    reason = bag.unplaced or "the file has no coordinates"
    return InputError(
        f"{form}'s form needs more than the file tells",
        got=reason if what is None else f"no {what}",
        fix="state --unit, --slide-mpp or both",
    )


@contextmanager
def _atomic(path: Path) -> Iterator[h5py.File]:
    with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        yield file
