"""Anchors kept from one setting are those of another that has no part in them."""

from __future__ import annotations

import pytest
import torch

from toy_courses import toy_course, toy_labels, toy_preprocessor
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.training import kept_anchors
from tumorcast.training.anchors import fit_anchors
from tumorcast.training.kept_anchors import NO_PART, KeptAnchors

OTHER = {
    "width": 24, "attention_heads": 2, "slide_tokens": 3, "graph_tokens": 1, "graph_layers": 0, "fusion_layers": 2,
    "dropout": 0.5, "modality_dropout": 0.0, "agent_dropout": 0.0, "drug_tokens": 3, "auxiliary_weight": 0.0,
}  # fmt: skip
COURSES = [toy_course(n, n_tiles=3 + n % 4) for n in range(24)]


@pytest.mark.parametrize("heads", [("response",), ("ordinal",)])
def test_settings_without_part_change_no_anchor(heads, monkeypatch):
    """All of them together, fitted anew, against what is kept for each of them alone."""
    assert set(OTHER) == NO_PART
    labels, kept = toy_labels(COURSES), KeptAnchors()
    before = ModelConfig(width=16, heads=heads)
    kept.fit(build_predictor(before, toy_preprocessor()), COURSES, labels, 3, before)
    plain = build_predictor(before.model_copy(update=OTHER), toy_preprocessor())
    expected = fit_anchors(plain, COURSES, labels, 3)
    state = {
        key: value for key, value in plain.state_dict().items() if key.startswith(("anchors.", "ordinal."))
    }

    def refuse(*_):
        raise RuntimeError("fitted again")

    monkeypatch.setattr(kept_anchors, "fit_anchors", refuse)
    for change in [*({name: value} for name, value in OTHER.items()), OTHER]:
        model = before.model_copy(update=change)
        other = build_predictor(model, toy_preprocessor())
        torch.testing.assert_close(kept.fit(other, COURSES, labels, 3, model), expected, rtol=0, atol=1e-6)
        found = other.state_dict()
        for key, value in state.items():
            torch.testing.assert_close(found[key], value, rtol=0, atol=1e-6)


def test_a_setting_with_part_fits_anew(monkeypatch):
    labels, kept = toy_labels(COURSES), KeptAnchors()
    calls: list[int] = []

    def counted(*words):
        calls.append(1)
        return fit_anchors(*words)

    monkeypatch.setattr(kept_anchors, "fit_anchors", counted)
    for graph in ("gine", "bag", "gine"):
        model = ModelConfig(width=16, graph=graph)
        kept.fit(build_predictor(model, toy_preprocessor()), COURSES, labels, 3, model)
    assert len(calls) == 2
