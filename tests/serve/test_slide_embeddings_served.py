"""A model of slide embeddings: no guard on the amount of tissue, no pictures of tiles, and the reason in words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from toy_courses import toy_course
from toy_lab import toy_study
from tumorcast.clinic.report.words import slide_text
from tumorcast.cohort.bags import TileBag
from tumorcast.serve.attention import PictureSettings, draw_attention
from tumorcast.serve.encoder_match import mismatch
from tumorcast.serve.evidence_slides import shown_of
from tumorcast.serve.guards.tissue import amount_findings
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.serve.population import Population, Range
from tumorcast.slides.bag import StoreAttrs

TITAN = "slide:titan/conch_v15"


def bag(encoder: str) -> TileBag:
    return TileBag(np.zeros((2, 4), np.float32), np.full((2, 2), -1), ("S0", "S1"), encoder)


@pytest.mark.parametrize(("encoder", "codes"), [(TITAN, []), ("gigapath", ["little_tissue"])])
def test_few_rows_are_little_tissue_of_tiles_alone(encoder, codes):
    population = Population(tiles=Range(n=9, low=2, median=2, high=3))
    manifest = SimpleNamespace(population=population, tile_encoder=TileEncoderInfo(id=encoder, dim=4))
    case = SimpleNamespace(bundle=SimpleNamespace(manifest=manifest))
    found = amount_findings(case, toy_course(0, n_tiles=1))
    assert [finding.code for finding in found] == codes


def test_the_report_says_that_there_are_no_tiles(tmp_path):
    said = SimpleNamespace(tile_attention=np.array([0.5, 0.5], np.float32))
    answer = SimpleNamespace(bag=bag(TITAN), said=said)
    shown = shown_of(SimpleNamespace(), toy_study(tmp_path), answer, 6, None)
    assert shown.tiles == ()
    assert [picture.slide_id for picture in shown.slides] == ["S0", "S1"]
    assert "sees no tiles" in slide_text(shown.slides[0])
    settings = PictureSettings(tmp_path / "pictures", 64.0, "")
    told = draw_attention(toy_study(tmp_path), bag(TITAN), said.tile_attention, settings)
    assert [line.split(":")[0] for line in told] == ["slide S0", "slide S1"]
    assert not (tmp_path / "pictures").exists()


def test_features_of_another_kind_of_encoder_are_refused():
    info = TileEncoderInfo(id=TITAN, dim=768)
    assert mismatch(StoreAttrs(encoder=TITAN), info) is None
    for other in ("conch_v15", "slide:madeleine/conch_v1", "slide:titan/uni_v1", "slide:unknown"):
        assert "encoder_mismatch" in (mismatch(StoreAttrs(encoder=other), info) or "")
