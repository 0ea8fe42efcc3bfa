"""A fused model of the size that the lab meets, with random weights, and its graphs: for the lab's benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tumorcast.biology.drugs import UNKNOWN_CLASS, agent_classes
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.drug_vocabulary import DrugVocabulary
from tumorcast.cohort.graph_vocabulary import build_vocabulary
from tumorcast.cohort.preprocess import Preprocessor, TileStatistics
from tumorcast.cohort.scaling import ClinicalScaler, LayerScaler, TreatmentVocabulary
from tumorcast.cohort.target_profiles import fit_target_profiles
from tumorcast.config.models import GraphConfig, ModelConfig
from tumorcast.export.predictor import export_predictor
from tumorcast.nn.build import build_predictor
from tumorcast.nn.predictor import Ensemble
from tumorcast.serve.graphs import PredictorGraphs
from tumorcast.serve.manifest import PREDICTOR_NAME, TILES_NAME

HEADS = ("response",)
_GENES = 2000


def preprocessor(dim: int) -> Preprocessor:
    """Slides of `dim`-wide tiles, the whole gene network, 2,000 expressed genes in sets, two clinical columns."""
    random = np.random.default_rng(0)
    network = GeneNetwork.embedded()
    genes = (*sorted(network.genes), *(f"GENE{i}" for i in range(_GENES)))[:_GENES]
    sets = {f"set{i}": tuple(genes[i * 20 : i * 20 + 20]) for i in range(50)}
    unit = {n: (np.zeros(n, np.float32), np.ones(n, np.float32)) for n in (_GENES, 2)}
    return Preprocessor(
        modalities=("slide", "mutations", "expression", "clinical"),
        tiles=TileStatistics(
            "random",
            random.normal(size=dim).astype(np.float32),
            random.uniform(0.5, 2, dim).astype(np.float32),
        ),
        graph=build_vocabulary(network, (), GraphConfig()),
        layers={
            "expression": LayerScaler(genes, *unit[_GENES]),
            "clinical": ClinicalScaler(LayerScaler(("AGE", "LDH"), *unit[2]), ()),
        },
        gene_sets=sets,
        treatment=TreatmentVocabulary(("nivolumab",), ("anti-PD-1",)),
        drugs=DrugVocabulary(("nivolumab",), (*agent_classes(), UNKNOWN_CLASS), fit_target_profiles(network)),
    )


def ensemble(prepared: Preprocessor, members: int) -> Ensemble:
    """Random weights, away from the zeros that some layers start from."""
    torch.manual_seed(0)
    model = Ensemble([build_predictor(ModelConfig(heads=HEADS), prepared) for _ in range(members)])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def exported(model: Ensemble, prepared: Preprocessor, folder: Path, threads: int) -> PredictorGraphs:
    """The model on ONNX Runtime, as the lab runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    export_predictor(model, prepared, HEADS, folder)
    return PredictorGraphs(folder / PREDICTOR_NAME, folder / TILES_NAME, threads)
