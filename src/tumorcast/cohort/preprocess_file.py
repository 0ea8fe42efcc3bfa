"""A fitted `Preprocessor` as files: names as JSON, numbers as npz; no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tumorcast.cohort.drug_vocabulary import DrugVocabulary
from tumorcast.cohort.graph_vocabulary import GraphVocabulary
from tumorcast.cohort.preprocess import Preprocessor, TileStatistics
from tumorcast.cohort.scaling import ClinicalScaler, LayerScaler, TreatmentVocabulary
from tumorcast.cohort.target_profiles import TargetProfiles
from tumorcast.config.models import GraphConfig

_GRAPH_ARRAYS = ("prior", "edge_index", "edge_type", "edge_weight")
_PROFILE_NAMES = ("genes", "targets", "pathways")


def save_preprocessor(preprocessor: Preprocessor, folder: Path) -> None:
    """Write `preprocess.json` (names) and `preprocess.npz` (numbers; no pickle)."""
    arrays: dict[str, Any] = {}
    layers: dict[str, Any] = {}
    for name, scaler in preprocessor.layers.items():
        numeric = scaler.numeric if isinstance(scaler, ClinicalScaler) else scaler
        layers[name] = {"features": numeric.features}
        if isinstance(scaler, ClinicalScaler):
            layers[name]["categories"] = scaler.categories
        arrays[f"layer.{name}.mean"], arrays[f"layer.{name}.scale"] = numeric.mean, numeric.scale
    names: dict[str, Any] = {
        "modalities": preprocessor.modalities,
        "layers": layers,
        "gene_sets": preprocessor.gene_sets,
        "agents": preprocessor.treatment.agents,
        "classes": preprocessor.treatment.classes,
        "drugs": {"agents": preprocessor.drugs.agents, "classes": preprocessor.drugs.classes},
    }
    profiles = preprocessor.drugs.profiles
    names["drugs"] |= {name: getattr(profiles, name) for name in _PROFILE_NAMES}
    arrays["drug.profiles"] = profiles.values.astype(np.float16)
    if preprocessor.tiles is not None:
        names["tile_encoder"] = preprocessor.tiles.encoder
        arrays["tile.mean"], arrays["tile.scale"] = preprocessor.tiles.mean, preprocessor.tiles.scale
    graph = preprocessor.graph
    if graph is not None:
        names["graph"] = {k: getattr(graph, k) for k in ("genes", "prior_names", "edge_type_names")}
        names["graph"]["settings"] = graph.settings.model_dump(mode="json")
        names["graph"]["layers"] = {name: scaler.features for name, scaler in graph.layers.items()}
        arrays |= {f"graph.{k}": getattr(graph, k) for k in _GRAPH_ARRAYS}
        for name, on_nodes in graph.layers.items():
            arrays[f"node.{name}.mean"], arrays[f"node.{name}.scale"] = on_nodes.mean, on_nodes.scale
    (folder / "preprocess.json").write_text(json.dumps(names, indent=1), encoding="utf-8")
    np.savez_compressed(folder / "preprocess.npz", **arrays)


def load_preprocessor(folder: Path) -> Preprocessor:
    """What `save_preprocessor` wrote."""
    names = json.loads((folder / "preprocess.json").read_text(encoding="utf-8"))
    with np.load(folder / "preprocess.npz", allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    layers: dict[str, LayerScaler | ClinicalScaler] = {}
    for name, entry in names["layers"].items():
        scaler = LayerScaler(
            tuple(entry["features"]), arrays[f"layer.{name}.mean"], arrays[f"layer.{name}.scale"]
        )
        categories = entry.get("categories")
        layers[name] = (
            scaler
            if categories is None
            else ClinicalScaler(scaler, tuple((c, tuple(v)) for c, v in categories))
        )
    graph = names.get("graph")
    return Preprocessor(
        modalities=tuple(names["modalities"]),
        tiles=TileStatistics(names["tile_encoder"], arrays["tile.mean"], arrays["tile.scale"])
        if "tile_encoder" in names
        else None,
        graph=_load_vocabulary(graph, arrays) if graph else None,
        layers=layers,
        gene_sets={name: tuple(genes) for name, genes in names["gene_sets"].items()},
        treatment=TreatmentVocabulary(tuple(names["agents"]), tuple(names["classes"])),
        drugs=_load_drugs(names["drugs"], arrays),
    )  # fmt: skip


def _load_drugs(names: dict[str, Any], arrays: dict[str, Any]) -> DrugVocabulary:
    values = arrays["drug.profiles"].astype(np.float32)
    profiles = TargetProfiles(**{name: tuple(names[name]) for name in _PROFILE_NAMES}, values=values)
    return DrugVocabulary(tuple(names["agents"]), tuple(names["classes"]), profiles)


def _load_vocabulary(graph: dict[str, Any], arrays: dict[str, Any]) -> GraphVocabulary:
    return GraphVocabulary(
        genes=tuple(graph["genes"]),
        prior_names=tuple(graph["prior_names"]),
        edge_type_names=tuple(graph["edge_type_names"]),
        settings=GraphConfig(**graph["settings"]),
        layers={
            name: LayerScaler(tuple(features), arrays[f"node.{name}.mean"], arrays[f"node.{name}.scale"])
            for name, features in graph["layers"].items()
        },
        **{name: arrays[f"graph.{name}"] for name in _GRAPH_ARRAYS},
    )
