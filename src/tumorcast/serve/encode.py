"""Tile features for a bundle: made with its own tile encoder, and checked where they come ready-made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorcast.cohort.cohort import Cohort
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.encoder_match import VOUCHED, mismatch
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.slides.discover import READY_SUFFIXES, SlideFile
from tumorcast.slides.mpp import UPSAMPLING_TOLD
from tumorcast.slides.store import read_attrs

if TYPE_CHECKING:
    from tumorcast.slides.encoders import OnnxTileEncoder
    from tumorcast.slides.tiling import TileSettings


@dataclass(frozen=True)
class SlideFeatures:
    """Where the features lie, and why a slide has none.

    Attributes:
        folder: for `DataConfig.features`; None where every slide is a ready bag or none is read.
        problems: slide id -> reason.
    """

    folder: Path | None = None
    problems: dict[str, str] = field(default_factory=dict)


def encode_study(
    bundle: Bundle,
    study: Study,
    cache: Path,
    slide_mpp: float | None = None,
    any_stain: bool = False,
    progress: bool = False,
    on_tiles: Callable[[int, int], None] | None = None,
) -> SlideFeatures:
    """Make the features of a study's slides with the bundle's tile encoder; ready bags are left as they are.

    Args:
        cache: where they go; what is there already and fits is kept.
        slide_mpp: um/px of level 0 that stands in where a slide does not say it.
        any_stain: encode slides too that are not stained with haematoxylin and eosin.
        progress: show progress on stderr.
        on_tiles: told (tiles done, of how many) of the slide that is being encoded.
    """
    files = list(_images(study))
    if not files:
        return SlideFeatures()
    encoder_path, info = bundle.tile_encoder_path, bundle.manifest.tile_encoder
    if encoder_path is None or info is None:
        why = "the model was trained on ready-made features and has no tile encoder: give --features"
        return SlideFeatures(None, {file.slide_id: why for file in files})
    from tumorcast.slides.encoders import OnnxTileEncoder
    from tumorcast.slides.job import EncodeJob
    from tumorcast.slides.pipeline import encode_slides

    encoder = OnnxTileEncoder(encoder_path)
    job = EncodeJob(
        encoder, _settings(info, encoder), cache, slide_mpp, any_stain=any_stain, on_tiles=on_tiles
    )
    rows = encode_slides(job, files, progress)
    return SlideFeatures(cache, {row.slide_id: row.reason for row in rows if row.status == "failed"})


def _images(study: Study) -> Iterator[SlideFile]:
    """Slides that are images, not ready bags of features."""
    slides = study.slides
    for slide_id, path, mpp in zip(slides["slide_id"], slides["path"], slides["mpp"], strict=True):
        if Path(path).suffix not in READY_SUFFIXES:
            yield SlideFile(
                str(slide_id), Path(path), str(slide_id), float(mpp) if np.isfinite(mpp) else None
            )


def _settings(info: TileEncoderInfo, encoder: OnnxTileEncoder) -> TileSettings:
    """The tiles of the training slides; where they are not recorded, those that the encoder wants."""
    from tumorcast.slides.tiling import TileSettings

    settings = TileSettings(info.target_mpp or encoder.target_mpp, info.tile_px or encoder.tile_px)
    told: dict[str, Any] = {
        "min_tissue": info.min_tissue,
        "overlap": info.overlap,
        "context_mpp": info.context_mpp,
    }
    return replace(settings, **{name: value for name, value in told.items() if value is not None})


def unfit_slides(
    cohort: Cohort, info: TileEncoderInfo | None, any_stain: bool = False, trust_features: bool = False
) -> dict[str, str]:
    """Slide id -> why its features cannot go into the model: unreadable, or of other tiles than training's.

    Args:
        trust_features: the user vouches for what the features do not say (`encoder_match.mismatch`).
    """
    problems = {}
    for row in cohort.slides.itertuples(index=False):
        try:
            attrs, _ = read_attrs(Path(str(row.feature_path)))
        except (TumorcastError, OSError) as error:
            problems[str(row.slide_id)] = f"unreadable features: {str(error).splitlines()[0]}"
            continue
        why = None if info is None else mismatch(attrs, info, trust_features)
        if attrs.stain == "not H&E" and not any_stain:
            why = "not_he: the slide is not stained with haematoxylin and eosin"
        if why is not None:
            problems[str(row.slide_id)] = why
    return problems


def doubtful_slides(cohort: Cohort, info: TileEncoderInfo | None = None) -> dict[str, str]:
    """Slide id -> what speaks against features that are used all the same: blown-up or damaged pixels, or that only
    the user's word says they are of the model's encoder."""
    remarks = {}
    for row in cohort.slides.itertuples(index=False):
        attrs, _ = read_attrs(Path(str(row.feature_path)))
        if attrs.slide_mpp and attrs.target_mpp and attrs.slide_mpp > attrs.target_mpp * UPSAMPLING_TOLD:
            found = f"upsampled {attrs.slide_mpp / attrs.target_mpp:.2g}x"
        elif attrs.stain not in (None, "H&E"):
            found = f"stain {attrs.stain}"
        elif attrs.n_unreadable:
            found = f"{attrs.n_unreadable} damaged tiles left out"
        elif info is not None and mismatch(attrs, info) is not None:
            found = VOUCHED
        else:
            continue
        remarks[str(row.slide_id)] = f"{found}, used all the same"
    return remarks
