"""What the HDF5 files of several tools say of their bags, in our words.

Layouts as the tools write them: TRIDENT (attributes of `features` and `coords`; corners in level-0 pixels), STAMP 2.1
and later (attributes of the file; corners in micrometres), CLAM (no attributes in its feature files; corners in level-0
pixels), and files with `feats` that say nothing of units, as older STAMP wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py

from tumorcast.slides.bag import CoordsAttrs, Described, StoreAttrs
from tumorcast.slides.encoder_catalogue import canonical_encoder

FEATURE_KEYS = ("features", "feats", "patch_embeddings", "embeddings")
"""Names under which TRIDENT and CLAM (`features`), STAMP (`feats`, `patch_embeddings`) and others keep the bag."""

STAMP_CLASS_TOKEN = "virchow-class-token"
"""What STAMP calls `virchow` is the class token alone; the catalogue's `virchow` is its `virchow-full`."""

_NO_UNIT = (
    "the file does not say in what unit its coordinates are (older STAMP): state --unit px, um,"
    " or the micrometres of one unit (256/224 = 1.142857 for STAMP 1)"
)
_OURS = {"encoder_sha256", "target_mpp", "slide_mpp", "tile_um"}
_NOT_TILES = ("slide", "patient")


def describe(file: h5py.File, features: h5py.Dataset) -> Described:
    """The description of a file's bag.

    Raises:
        ValueError: the file holds features of whole slides, or text stands where a number should.
    """
    of_file, of_features = dict(file.attrs), dict(features.attrs)
    of_coords = dict(file["coords"].attrs) if "coords" in file else {}
    if _text(of_file.get("feat_type")) in _NOT_TILES:
        raise ValueError(f"features of a whole {_text(of_file['feat_type'])}, not of tiles")
    if "stamp_version" in of_file or "extractor" in of_file:
        return _stamp(of_file)
    if _OURS & of_features.keys():
        attrs, located = StoreAttrs.from_mapping(of_features), CoordsAttrs.from_mapping(of_coords)
        return Described("tumorcast", attrs, located, "px")
    if "patch_size_level0" in of_coords or "level0_magnification" in of_coords:
        return _trident(of_features, of_coords)
    if features.name == "/features":
        return _clam(of_coords)
    return Described("unknown", why_unknown=_NO_UNIT)


def _stamp(attrs: Mapping[str, Any]) -> Described:
    um = attrs.get("tile_size_um", attrs.get("tile_size") if _text(attrs.get("unit")) == "um" else None)
    known = _text(attrs.get("unit")) in ("um", None) and um is not None
    pixels = attrs.get("tile_size_px")
    extractor = _text(attrs.get("extractor"))
    if extractor == "virchow":
        extractor = STAMP_CLASS_TOKEN
    found = StoreAttrs(
        encoder=canonical_encoder(extractor) if extractor else None,
        tile_um=float(um) if um else None,
        tile_px=int(pixels) if pixels else None,
    )
    return Described("stamp", found, unit=1.0 if known else None, why_unknown="" if known else _NO_UNIT)


def _trident(of_features: Mapping[str, Any], of_coords: Mapping[str, Any]) -> Described:
    encoder = _text(of_features.get("encoder"))
    pixels = of_coords.get("patch_size")
    attrs = StoreAttrs(
        encoder=canonical_encoder(encoder) if encoder and encoder != "None" else None,
        tile_px=int(pixels) if pixels is not None else None,
    )
    return Described("trident", attrs, CoordsAttrs.from_mapping(of_coords), "px")


def _clam(of_coords: Mapping[str, Any]) -> Described:
    """CLAM's patches are squares of one pyramid level; their side on level 0 follows from its downsampling."""
    located = CoordsAttrs()
    side, down = of_coords.get("patch_size"), of_coords.get("downsample")
    if side is not None and down is not None:
        located = CoordsAttrs(patch_size_level0=round(float(side) * float(down[0])))
    return Described("clam", located=located, unit="px")


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
