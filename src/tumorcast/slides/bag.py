"""A bag of tiles and what is known of it; the types that every reader of feature files gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

import numpy as np

from tumorcast.slides.stored_rows import StoredRows

Unit = Literal["px"] | float
"""Of coordinates: "px" is a level-0 pixel, a number is the micrometres of one unit (1.0: micrometres)."""


class _FromMapping:
    """Reads its fields from attributes of a file; those of the wrong kind count as absent."""

    @classmethod
    def from_mapping(cls, found: Mapping[str, Any]) -> Self:
        """Fields that `found` has; TRIDENT writes an unknown value as the text "None"."""
        known = {}
        for field in fields(cls):  # type: ignore[arg-type]
            value = found.get(field.name)
            value = value.decode(errors="replace") if isinstance(value, bytes) else value
            value = value.item() if isinstance(value, np.generic) else value
            if value is not None and not isinstance(value, np.ndarray) and value != "None":
                known[field.name] = value
        return cls(**known)


@dataclass(frozen=True)
class StoreAttrs(_FromMapping):
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
        overlap: share of a tile's side that the next one covers too.
        context_mpp: um/px of the larger field whose features stand behind each tile's.
        stain: "H&E", "not H&E" or "unknown".
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
    overlap: float | None = None
    context_mpp: float | None = None
    stain: str | None = None


@dataclass(frozen=True)
class CoordsAttrs(_FromMapping):
    """TRIDENT's attributes of `coords`: sizes in level-0 pixels, magnifications as 20.0, the slide's name."""

    patch_size_level0: int | None = None
    level0_magnification: float | None = None
    target_magnification: float | None = None
    level0_width: int | None = None
    level0_height: int | None = None
    name: str | None = None
    overlap: int | None = 0


@dataclass(frozen=True)
class Stated:
    """What the user says where a file does not say it itself.

    Attributes:
        unit: of the coordinates.
        slide_mpp: um/px of level 0.
        encoder: id of the tile encoder.
    """

    unit: Unit | None = None
    slide_mpp: float | None = None
    encoder: str | None = None


@dataclass(frozen=True)
class Described:
    """What a file says of its bag, in one tool's words turned into ours.

    Attributes:
        form: whose layout it is.
        attrs: how the features were made.
        located: of the coordinates.
        unit: of the coordinates; None where it is unknown.
        is_centre: the coordinates are centres of tiles, not corners.
        why_unknown: what is missing where `unit` is None.
    """

    form: str
    attrs: StoreAttrs = StoreAttrs()
    located: CoordsAttrs = CoordsAttrs()
    unit: Unit | None = None
    is_centre: bool = False
    why_unknown: str = ""


@dataclass(frozen=True)
class FeatureBag:
    """Tiles of one slide.

    Attributes:
        features: float32 [n, dim]; `StoredRows` where they were to stay in their file.
        coords: int64 [n, 2], corner (x, y) in level-0 pixels; -1 where the file has no coordinates or they
            cannot be placed.
        attrs: how they were made.
        located: what the file says of the coordinates.
        form: whose layout the file has.
        coords_um: float64 [n, 2], the corners in micrometres where they cannot be placed but are known.
        flags: uint8 [n], bits of `flags.FLAGS`; None where the file has none.
        unplaced: why the coordinates of the file could not be placed; None where they could or there are none.
    """

    features: np.ndarray | StoredRows
    coords: np.ndarray
    attrs: StoreAttrs
    located: CoordsAttrs = CoordsAttrs()
    form: str = "tumorcast"
    coords_um: np.ndarray | None = None
    unplaced: str | None = None
    flags: np.ndarray | None = None

    @property
    def has_coords(self) -> bool:
        """True where the tiles' places on level 0 are known."""
        return bool((self.coords != -1).any())
