"""Small random courses and the preprocessor that would have made them: for tests of the network's side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.biology.variants import IMPACTS
from tumorcast.cohort.arrays import CourseArrays, DrugArrays, PatientGraph
from tumorcast.cohort.drug_vocabulary import DrugVocabulary
from tumorcast.cohort.graph_vocabulary import GraphVocabulary
from tumorcast.cohort.preprocess import Preprocessor, TileStatistics
from tumorcast.cohort.scaling import ClinicalScaler, LayerScaler, TreatmentVocabulary
from tumorcast.cohort.target_profiles import TargetProfiles

MODALITIES = ("slide", "mutations", "expression", "clinical")
TILE_DIM, N_GENES, N_EXPRESSION = 16, 30, 20
_EXPRESSION = tuple(f"E{i}" for i in range(N_EXPRESSION))


def _unit_scaler(features: tuple[str, ...]) -> LayerScaler:
    return LayerScaler(features, np.zeros(len(features), np.float32), np.ones(len(features), np.float32))


def toy_preprocessor() -> Preprocessor:
    """Four modalities, 16-wide tiles, 30 genes in 5 pathways, 20 expressed genes in 2 sets."""
    random = np.random.default_rng(0)
    graph = GraphVocabulary(
        genes=tuple(f"G{i}" for i in range(N_GENES)),
        prior=random.integers(0, 2, (N_GENES, 5)).astype(np.float32),
        prior_names=tuple(f"pathway:{i}" for i in range(5)),
        edge_index=np.zeros((2, 0), np.int64),
        edge_type=np.zeros(0, np.int64),
        edge_weight=np.zeros(0, np.float32),
        edge_type_names=("activates", "same_pathway"),
    )
    return Preprocessor(
        modalities=MODALITIES,
        tiles=TileStatistics("toy", np.zeros(TILE_DIM, np.float32), np.ones(TILE_DIM, np.float32)),
        graph=graph,
        layers={
            "expression": _unit_scaler(_EXPRESSION),
            "clinical": ClinicalScaler(_unit_scaler(("AGE",)), ()),
        },
        gene_sets={"set1": _EXPRESSION[:5], "set2": _EXPRESSION[5:9]},
        treatment=TreatmentVocabulary(("nivolumab",), ("anti-PD-1",)),
        drugs=toy_drugs(),
    )


def toy_drugs() -> DrugVocabulary:
    """Two agents, two classes, two targets in a network of three genes."""
    values = np.array([[1, 0.5, 1], [0.5, 1, 1], [0.2, 0, 0]], np.float32)
    profiles = TargetProfiles(("PDCD1", "CD274", "G0"), ("PDCD1", "CD274"), ("checkpoint",), values)
    return DrugVocabulary(("carboplatin", "nivolumab"), ("anti-PD-1", "platinum", "unknown"), profiles)


def toy_course(
    number: int, n_tiles: int = 7, n_genes: int = 3, present: tuple[str, ...] = MODALITIES
) -> CourseArrays:
    """Course `c{number}` of patient `p{number}`; the same number gives the same course."""
    random = np.random.default_rng(number)
    n_edges = 4 if n_genes > 1 else 0
    width = len(IMPACTS) + 6 + 5
    graph = PatientGraph(
        node_gene=random.integers(0, N_GENES, n_genes),
        node_features=random.normal(size=(n_genes, width)).astype(np.float32),
        edge_index=random.integers(0, max(n_genes, 1), (2, n_edges)),
        edge_type=random.integers(0, 2, n_edges),
        edge_weight=np.linspace(0.2, 1, n_edges, dtype=np.float32),
    )
    return CourseArrays(
        course_id=f"c{number}",
        patient_id=f"p{number}",
        tiles=random.normal(size=(n_tiles, TILE_DIM)).astype(np.float32),
        graph=graph,
        burden=random.normal(size=3).astype(np.float32),
        layers={
            "expression": random.normal(size=N_EXPRESSION).astype(np.float32),
            "clinical": random.normal(size=1).astype(np.float32),
        },
        is_measured={"expression": np.ones(N_EXPRESSION, bool), "clinical": np.ones(1, bool)},
        treatment=random.normal(size=4).astype(np.float32),
        drugs=_toy_course_drugs(number),
        is_present=np.array([name in present for name in MODALITIES]),
    )


def _toy_course_drugs(number: int) -> DrugArrays:
    random, drugs = np.random.default_rng([number, 1]), toy_drugs()
    count = 1 + number % 3
    return DrugArrays(
        agent=random.integers(0, 3, count),
        features=random.random((count, len(drugs.feature_names))).astype(np.float32),
        reach=random.random((count, 3)).astype(np.float32),
    )


def toy_labels(courses: list[CourseArrays], seed: int = 0) -> pd.DataFrame:
    """Random labels in the form of the cohort's course table."""
    random = np.random.default_rng(seed)
    count = len(courses)
    return pd.DataFrame(
        {
            "patient_id": [course.patient_id for course in courses],
            "site": "one",
            "response": random.permutation(np.arange(count) % 2).astype(float),
            "ordinal": random.integers(0, 4, count).astype(float),
            "time_days": random.exponential(300, count),
            "is_event": (random.random(count) < 0.7).astype(float),
            "size_change": random.normal(-0.2, 0.4, count),
        },
        index=[course.course_id for course in courses],
    )
