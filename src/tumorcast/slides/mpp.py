"""Microns per pixel (MPP) of level 0: from the file where it says so, else from the user, else refused."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NoReturn, TypeGuard

from tumorcast.domain.errors import InputError, SlideError

MIN_MPP, MAX_MPP = 0.05, 10.0
"""Plausible range in um/px: finer is below light microscopy, coarser is an overview, not a slide."""

GIVE_MPP = "give --slide-mpp, or a column mpp in slides.csv"
"""What mends a slide of unknown pixel size, where the user has a command line."""

UPSAMPLING_TOLD = 1.1
"""Slides whose pixels are coarser than the tiles' by more than this are encoded with a remark."""

_MAX_ANISOTROPY = 0.05
_UM_PER_UNIT = {"inch": 25_400.0, "centimeter": 10_000.0, "millimeter": 1_000.0, "micrometer": 1.0}


def is_plausible(mpp: float | None) -> TypeGuard[float]:
    """True for a finite MPP within [0.05, 10] um/px."""
    return mpp is not None and isfinite(mpp) and MIN_MPP <= mpp <= MAX_MPP


def check_given_mpp(mpp: float, name: str) -> float:
    """The user's own MPP, or InputError where it is outside the plausible range."""
    if not is_plausible(mpp):
        raise InputError(
            f"{name} is not a plausible pixel size",
            got=f"{mpp} um/px",
            expected=f"{MIN_MPP} to {MAX_MPP} um/px",
            fix="give the size of a level-0 pixel in micrometres; 20x is about 0.5, 40x about 0.25",
        )
    return float(mpp)


def mpp_from_properties(properties: Mapping[str, str]) -> float | None:
    """MPP from OpenSlide's properties (`openslide.mpp-x/y`, else the TIFF resolution); None if unknown.

    Raises SlideError (`mpp_anisotropic`) where x and y differ by more than 5%.
    """
    mpp_x, mpp_y = (_number(properties.get(f"openslide.mpp-{axis}")) for axis in "xy")
    if is_plausible(mpp_x) and is_plausible(mpp_y):
        return _mean_mpp(mpp_x, mpp_y)
    unit = properties.get("tiff.ResolutionUnit", "")
    per_unit_x, per_unit_y = (_number(properties.get(f"tiff.{axis}Resolution")) for axis in "XY")
    return mpp_from_resolution(per_unit_x, per_unit_y, unit)


def mpp_from_resolution(per_unit_x: float | None, per_unit_y: float | None, unit: str) -> float | None:
    """MPP from a resolution in pixels per unit; None without a unit or outside the plausible range.

    Screen and print resolutions that image software writes (72 to 300 dpi) are 85 um/px and more: unknown.
    """
    um = _UM_PER_UNIT.get(unit.lower())
    if um is None or not per_unit_x or not per_unit_y:
        return None
    mpp_x, mpp_y = um / per_unit_x, um / per_unit_y
    return _mean_mpp(mpp_x, mpp_y) if is_plausible(mpp_x) and is_plausible(mpp_y) else None


def refuse_unknown_mpp(properties: Mapping[str, str]) -> NoReturn:
    """Raise SlideError `mpp_missing`, saying what the file does tell."""
    power = _number(properties.get("openslide.objective-power"))
    stated = properties.get("openslide.mpp-x")
    got = f"{stated} um/px, outside {MIN_MPP} to {MAX_MPP}" if stated else "no pixel size in the file"
    hint = f" (its objective is {power:g}x: often about {10 / power:.3g})" if power else ""
    raise SlideError(
        "mpp_missing",
        "the slide does not say how large a pixel is",
        got=got,
        expected="microns per pixel in the metadata",
        fix=f"{GIVE_MPP}{hint}",
    )


def _mean_mpp(mpp_x: float, mpp_y: float) -> float:
    mean = (mpp_x + mpp_y) / 2
    if abs(mpp_x - mpp_y) / mean > _MAX_ANISOTROPY:
        raise SlideError(
            "mpp_anisotropic",
            "the slide's pixels are not square",
            got=f"{mpp_x:.4g} x {mpp_y:.4g} um/px",
            expected="x and y within 5%",
            fix="rescan or resample the slide; a column mpp in slides.csv overrides the metadata",
        )
    return mean


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) and value > 0 else None
