"""Coordinates of a feature file -> corners of tiles in level-0 pixels, or a reason why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import Described, FeatureBag, Stated, StoreAttrs
from tumorcast.slides.mpp import is_plausible
from tumorcast.slides.stored_rows import StoredRows

_NO_MPP = (
    "coordinates are in micrometres and the slide's um/px is not known: give --slide-mpp or a column mpp"
)
_NO_CORNER = (
    "coordinates are centres and the tiles' side in level-0 pixels is not known: give the slide's um/px"
)


def completed(what: Described, stated: Stated, path: object) -> Described:
    """The description with what the user states where the file is silent, and what follows from both.

    The side of a tile follows from its pixels and their size, sizes on level 0 from the slide's um/px.

    Raises:
        InputError: the pixel size in the file is not plausible, or text stands where a number should.
    """
    found = what.attrs
    attrs = replace(
        found,
        encoder=found.encoder or stated.encoder,
        slide_mpp=found.slide_mpp or stated.slide_mpp,
        is_mpp_given=True if not found.slide_mpp and stated.slide_mpp else found.is_mpp_given,
    )
    located = what.located
    if attrs.slide_mpp is not None:
        if isinstance(attrs.slide_mpp, str) or not is_plausible(attrs.slide_mpp):
            raise InputError(f"{path}: slide_mpp is no pixel size", got=attrs.slide_mpp, expected="um/px")
        if not attrs.target_mpp and located.level0_magnification and located.target_magnification:
            ratio = located.level0_magnification / located.target_magnification
            attrs = replace(attrs, target_mpp=attrs.slide_mpp * ratio)
    attrs = _with_tile_side(attrs)
    if not located.patch_size_level0 and attrs.tile_um and attrs.slide_mpp:
        located = replace(located, patch_size_level0=round(attrs.tile_um / attrs.slide_mpp))
    return replace(what, attrs=attrs, located=located, unit=what.unit if what.unit else stated.unit)


def _with_tile_side(attrs: StoreAttrs) -> StoreAttrs:
    if attrs.tile_um is None and attrs.tile_px and attrs.target_mpp:
        return replace(attrs, tile_um=attrs.tile_px * attrs.target_mpp)
    if attrs.target_mpp is None and attrs.tile_px and attrs.tile_um:
        return replace(attrs, target_mpp=attrs.tile_um / attrs.tile_px)
    return attrs


def placed(
    features: np.ndarray | StoredRows, coords: np.ndarray | None, what: Described, path: object
) -> FeatureBag:
    """The bag, its tiles placed on level 0 as far as the units allow.

    Raises:
        InputError: the coordinates do not fit the features, are not finite, or no whole pixels where they
            should be.
    """
    nowhere = np.full((len(features), 2), -1, np.int64)
    bag = FeatureBag(features, nowhere, what.attrs, what.located, what.form)
    if coords is None:
        return bag
    coords = _checked(coords, len(features), path)
    if what.unit is None:
        return replace(bag, unplaced=what.why_unknown or "the unit of the coordinates is not known")
    if what.unit != "px":
        um = coords * float(what.unit)
        if not what.attrs.slide_mpp:
            return replace(bag, coords_um=um, unplaced=_NO_MPP)
        coords = np.rint(um / what.attrs.slide_mpp)
    if what.is_centre:
        if not what.located.patch_size_level0:
            return replace(bag, unplaced=_NO_CORNER)
        coords = coords - what.located.patch_size_level0 // 2
    if (coords != np.rint(coords)).any():
        raise InputError(f"coords of {path} are no whole pixels", got=coords[0], expected="level-0 pixels")
    return replace(bag, coords=coords.astype(np.int64))


def _checked(coords: np.ndarray, count: int, path: object) -> np.ndarray:
    coords = coords[0] if coords.ndim == 3 and len(coords) == 1 else coords
    if coords.shape != (count, 2):
        raise InputError(f"coords of {path} do not fit", got=coords.shape, expected=(count, 2))
    if coords.dtype.kind not in "iuf" or not np.isfinite(coords).all():
        raise InputError(f"coords of {path} are no numbers", got=coords.dtype, expected="finite numbers")
    return coords
