"""Which tile encoder made the training features, and where its graph lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.files import digest
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.slides.encoder_cache import cache_folder
from tumorcast.slides.slide_encoders import is_named
from tumorcast.slides.store import StoreAttrs, read_attrs


def encoder_of(feature_paths: Iterable[Path | str], dim: int) -> tuple[TileEncoderInfo, Path | None]:
    """The encoder that the feature files name, and its ONNX graph where it is in the cache.

    Files of several encoders, or none that says, give an anonymous encoder and no graph: slides can then be
    predicted from ready-made features alone.

    Args:
        feature_paths: the training slides' feature files.
        dim: width of the features.
    """
    known = {_identity(attrs): attrs for attrs in _readable(feature_paths)}
    if len(known) != 1 or None in known:
        return TileEncoderInfo(dim=dim), None
    (attrs,) = known.values()
    info = TileEncoderInfo(
        id=attrs.encoder or "",
        sha256=attrs.encoder_sha256 or "",
        dim=dim,
        target_mpp=attrs.target_mpp,
        tile_px=attrs.tile_px,
        tile_um=attrs.tile_um,
        min_tissue=attrs.min_tissue,
        overlap=attrs.overlap,
        context_mpp=attrs.context_mpp,
    )
    return info, _cached(info.sha256)


def _readable(paths: Iterable[Path | str]) -> Iterator[StoreAttrs]:
    """Damaged files took no part in training (the cohort reports them)."""
    for path in paths:
        with suppress(TumorcastError):
            yield read_attrs(Path(path))[0]


def _identity(attrs: StoreAttrs) -> tuple[object, ...] | None:
    if not is_named(attrs.encoder):
        return None
    return attrs.encoder, attrs.encoder_sha256, attrs.target_mpp, attrs.tile_px, attrs.context_mpp


def _cached(sha256: str) -> Path | None:
    """The exported graph of this digest in the cache of encoders."""
    stored = sorted((cache_folder() / "encoders").glob("*.onnx")) if sha256 else []
    return next((path for path in stored if digest(path) == sha256), None)
