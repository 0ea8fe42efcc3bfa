"""A bundle takes features of its own tile encoder alone, and unknown ones only where the user vouches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from tumorcast.serve.encoder_match import mismatch
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.serve.predict import Request, predict_study
from tumorcast.slides.bag import StoreAttrs

INFO = TileEncoderInfo(id="lite", sha256="a" * 64, dim=3, target_mpp=0.5, tile_px=224, tile_um=112.0)
OWN = StoreAttrs(encoder="lite", encoder_sha256="a" * 64, target_mpp=0.5, tile_um=112.0, tile_px=224)
WIDE = INFO.model_copy(update={"context_mpp": 2.0})


def test_features_of_the_models_own_encoder_are_taken():
    assert mismatch(OWN, INFO) is None
    assert (
        mismatch(replace(OWN, encoder_sha256=None), INFO) is None
    )  # the file of another tool, which names it
    assert mismatch(replace(OWN, target_mpp=0.504), INFO) is None
    assert mismatch(replace(OWN, context_mpp=2.0), WIDE) is None


@pytest.mark.parametrize(
    ("changes", "info", "told"),
    [
        ({"encoder": "uni"}, INFO, "encoder_mismatch: features of uni, the model was trained on lite"),
        (
            {"encoder_sha256": "b" * 64},
            INFO,
            "encoder_mismatch: features of another lite (sha256 bbbbbbbbbbbb)",
        ),
        ({"target_mpp": 0.25}, INFO, "tile_mismatch: 0.25 um/px, the model was trained on 0.5"),
        ({"tile_um": 256.0}, INFO, "tile_mismatch: 256 um a tile, the model was trained on 112"),
        ({"context_mpp": 2.0}, INFO, "tile_mismatch: features with a larger field"),
        ({}, WIDE, "tile_mismatch: features without a larger field"),
        ({"context_mpp": 4.0}, WIDE, "tile_mismatch: 4 um/px of the larger field"),
    ],
)
def test_what_speaks_against_the_model_is_refused_though_the_user_vouches(changes, info, told):
    attrs = replace(OWN, **changes)
    assert mismatch(attrs, info).startswith(told)
    assert mismatch(attrs, info, is_vouched=True).startswith(told)


@pytest.mark.parametrize(
    ("attrs", "info", "told"),
    [
        (StoreAttrs(), INFO, "encoder_unknown: the features do not say"),
        (replace(OWN, encoder=None), INFO, "encoder_unknown: the features do not say"),
        (StoreAttrs(encoder="lite"), INFO, "tile_unknown: the features do not say how large"),
        (OWN, TileEncoderInfo(dim=3), "encoder_unknown: the model's own tile encoder is not recorded"),
    ],
)
def test_what_is_not_said_is_refused_unless_the_user_vouches(attrs, info, told):
    assert mismatch(attrs, info).startswith(told)
    assert "--trust-features" in mismatch(attrs, info)
    assert mismatch(attrs, info, is_vouched=True) is None


def _anonymous(lab, folder: Path) -> Path:
    folder.mkdir()
    for path in lab.features.glob("*.h5"):
        (folder / path.name).write_bytes(path.read_bytes())
        with h5py.File(folder / path.name, "a") as file:
            for name in ("encoder", "encoder_sha256"):
                del file["features"].attrs[name]
    return folder


def test_vouched_features_are_used_and_told_on_every_row(lab, tmp_path):
    features = _anonymous(lab, tmp_path / "features")
    request = Request(tmp_path / "cache", features=features)
    table = predict_study(lab.bundle, lab.study, request).table
    assert (table["n_tiles"] == 0).all()
    assert table["reason"].str.contains("encoder_unknown").sum() == 6
    vouched = predict_study(lab.bundle, lab.study, replace(request, trust_features=True)).table
    assert (vouched["n_tiles"] > 0).sum() == 6
    assert vouched["reason"].str.contains("vouched for by the user, used all the same").sum() == 6
    own = predict_study(lab.bundle, lab.study, replace(request, features=lab.features)).table
    assert vouched["probability"].tolist() == own["probability"].tolist()
