"""A bundle holds what it says: exact graph, checked bytes, the word SIMULATED, atomic writing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from toy_bundle import toy_facts, toy_model
from toy_courses import MODALITIES, toy_course, toy_preprocessor
from tumorcast.cohort.preprocess_file import load_preprocessor, save_preprocessor
from tumorcast.config.models import GraphConfig
from tumorcast.domain.errors import BundleError
from tumorcast.export import bundle as bundle_module
from tumorcast.export.bundle import export_bundle
from tumorcast.export.parity import TOLERANCE, Parity, check_parity, compare
from tumorcast.export.predictor import export_predictor, input_names
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.manifest import PREDICTOR_NAME, TILES_NAME, TileEncoderInfo
from tumorcast.serve.population import Figure, PatternFigures, Population

HEADS = ("response", "ordinal", "survival", "size")


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[torch.nn.Module, Path]:
    """A model and its bundle, written where an older one was."""
    folder = tmp_path_factory.mktemp("runs") / "bundle"
    folder.mkdir()
    (folder / "of_an_older_one.txt").write_text("x")
    model = toy_model(HEADS, members=2)
    export_bundle(folder, model, toy_preprocessor(), toy_facts(HEADS), [toy_course(1)])
    return model, folder


def test_graph_equals_torch_for_every_subset_and_size(exported):
    model, folder = exported
    courses = [toy_course(1), toy_course(2, n_tiles=0, n_genes=0, present=("expression",))]
    parity = compare(model, toy_preprocessor(), HEADS, folder, courses, many_tiles=20_000)
    assert parity.n_batches >= 2 ** len(MODALITIES)
    assert parity.max_difference <= 1e-5, parity


def test_a_graph_of_other_weights_is_refused(exported):
    path = exported[1]
    other = toy_model(HEADS, members=2, seed=1)
    parity = compare(other, toy_preprocessor(), HEADS, path, many_tiles=50)
    assert parity.max_difference > TOLERANCE
    with pytest.raises(BundleError, match="does not say what the trained model says"):
        check_parity(parity)


def test_graph_leaves_every_size_open_and_adds_without_a_race(exported):
    graph = onnx.load(exported[1] / PREDICTOR_NAME)
    tiles = onnx.load(exported[1] / TILES_NAME)
    open_sizes = {"n_tiles", "n_nodes", "n_edges", "n_drugs", "n_courses"}
    inputs = [*graph.graph.input, *tiles.graph.input]
    assert {d.dim_param for i in inputs for d in i.type.tensor_type.shape.dim if d.dim_param} == open_sizes
    assert not _racing(graph)


def test_graph_names_no_source_file(exported):
    assert b".py" not in (exported[1] / PREDICTOR_NAME).read_bytes()


def test_a_model_of_one_layer_has_the_inputs_of_that_layer_alone_and_stays_as_it_was(tmp_path):
    prepared = toy_preprocessor().narrowed(("clinical",))
    model = toy_model(("response",), prepared=prepared).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export_predictor(model, prepared, ("response",), tmp_path)
    assert input_names(prepared) == (
        "treatment", "drug_agent", "drug_features", "drug_course", "is_present", "layer_clinical",
        "layer_clinical_measured",
    )  # fmt: skip
    assert compare(model, prepared, ("response",), tmp_path).max_difference < 1e-5
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["bag", "gatv2", "hetero"])
def test_every_graph_encoder_is_exported_as_it_is(tmp_path, kind):
    prepared = toy_preprocessor().narrowed(("mutations",))
    model = toy_model(("response",), prepared=prepared, graph=kind)
    export_predictor(model, prepared, ("response",), tmp_path)
    courses = [toy_course(1, n_genes=12, present=("mutations",)), toy_course(2, n_genes=3)]
    alone = {"layers": {}, "is_measured": {}, "tiles": np.zeros((0, 0), np.float32)}
    courses = [replace(c, **alone, is_present=c.is_present[1:2]) for c in courses]
    parity = compare(model, prepared, ("response",), tmp_path, courses)
    assert parity.max_difference < 1e-5, parity
    racing = [
        n
        for n in onnx.load(tmp_path / PREDICTOR_NAME).graph.node
        if n.op_type == "ScatterND" and _reduction(n) not in ("", "none")
    ]
    assert not racing


def test_bundle_says_what_it_is_and_replaces_an_older_one(exported):
    _, folder = exported
    bundle = load_bundle(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json", "model_card.md", "predictor.onnx", "preprocess.json", "preprocess.npz",
        "tiles.onnx",
    ]  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["training_data"] == "simulated"
    assert manifest["research_use_only"] is True
    assert manifest["status"] == "preliminary"
    assert manifest["parity"] <= TOLERANCE
    assert bundle.manifest.model_id.startswith("toy-")
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_a_failed_export_leaves_the_older_bundle_alone(tmp_path, monkeypatch):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "older").write_text("x")
    monkeypatch.setattr(
        bundle_module, "export_predictor", lambda *given: (given[-1] / PREDICTOR_NAME).write_bytes(b"x")
    )
    monkeypatch.setattr(bundle_module, "compare", lambda *_: Parity(0.5, "response_logit", 1))
    with pytest.raises(BundleError, match="does not say what the trained model says"):
        export_bundle(folder, toy_model(), toy_preprocessor(), toy_facts())
    assert [path.name for path in folder.iterdir()] == ["older"]
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_encoder_that_did_not_make_the_features_is_refused(tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not the one")
    info = TileEncoderInfo(id="lite0", sha256="0" * 63 + "1", dim=16)
    facts = replace(toy_facts(), tile_encoder=info, tile_encoder_onnx=other)
    with pytest.raises(BundleError, match="not the one that made the training features"):
        export_bundle(tmp_path / "bundle", toy_model(), toy_preprocessor(), facts)
    assert not (tmp_path / "bundle").exists()


def test_model_card_tells_simulation_figures_and_unvalidated_patterns():
    from tumorcast.export.model_card import model_card

    held_out = {"auroc": Figure(value=0.7, low=0.6, high=0.8)}
    facts = replace(
        toy_facts(),
        metrics={
            "fused": {"auroc": {"value": 0.8, "low": 0.7, "high": 0.9}},
            "tmb": {"auroc": {"value": float("nan"), "low": None, "high": None}},
        },
        population=Population(
            patterns=(
                PatternFigures(
                    layers=("slide", "mutations"), n_training=120, n_held_out=12, held_out=held_out
                ),
                PatternFigures(layers=("clinical",), n_training=8),
            )
        ),
    )
    card = model_card(facts, toy_preprocessor())
    assert "TRAINED ON SIMULATED DATA" in card
    assert "| fused | 0.800 (0.700 to 0.900) |" in card
    assert "| tmb | not assessed |" in card
    assert "| clinical | 8 | 0 | not assessed | not validated for this combination |" in card
    assert "| slide+mutations | 120 | 12 | AUROC 0.700 (0.600 to 0.800) |  |" in card
    assert "SIMULATED" not in model_card(replace(facts, origin="real"), toy_preprocessor())


def test_the_card_tells_of_a_tuned_tile_encoder():
    from tumorcast.export.model_card import model_card

    for name, is_told in (("efficientnet_lite0", False), ("efficientnet_lite0+lora-0123456789ab", True)):
        info = TileEncoderInfo(id=name, dim=3)
        facts = replace(toy_facts(), tile_encoder=info, tile_encoder_onnx=Path("encoder.onnx"))
        card = model_card(facts, toy_preprocessor())
        assert ("may be too sure" in card) == is_told
        assert ("who has a patient's id" in card) == is_told


def test_preprocessor_survives_saving(tmp_path):
    prepared = toy_preprocessor()
    graph = GraphConfig(cut="smoothed", restart=0.3, layers=("expression",))
    scaler = prepared.layers["expression"]
    prepared = replace(prepared, graph=replace(prepared.graph, settings=graph, layers={"expression": scaler}))
    save_preprocessor(prepared, tmp_path)
    again = load_preprocessor(tmp_path)
    assert (again.modalities, again.gene_sets, again.treatment) == (
        prepared.modalities, prepared.gene_sets, prepared.treatment,
    )  # fmt: skip
    assert again.graph.genes == prepared.graph.genes
    assert again.graph.settings == graph
    assert again.graph.node_feature_names == prepared.graph.node_feature_names
    for one, other in (
        (again.tiles.mean, prepared.tiles.mean),
        (again.graph.prior, prepared.graph.prior),
        (again.layers["expression"].scale, prepared.layers["expression"].scale),
        (again.layers["clinical"].numeric.mean, prepared.layers["clinical"].numeric.mean),
    ):
        np.testing.assert_array_equal(one, other)


def _racing(graph: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Sums that ONNX Runtime makes on several threads that overwrite each other."""
    return [n for n in graph.graph.node if n.op_type == "ScatterND" and _reduction(n) not in ("", "none")]


def _reduction(node: onnx.NodeProto) -> str:
    return next((a.s.decode() for a in node.attribute if a.name == "reduction"), "")
