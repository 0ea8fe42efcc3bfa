"""`CourseArrays`: what a treatment course looks like to the network, in numpy; training and lab share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.slides.stored_rows import StoredRows

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Tiles = F32 | StoredRows


@dataclass(frozen=True)
class PatientGraph:
    """The altered genes of one tumour, and others near them, as a graph (N nodes, E directed edges; both may be 0).

    Attributes:
        node_gene: [N] index into the preprocessor's gene vocabulary.
        node_features: [N, F], columns named by `GraphVocabulary.node_feature_names`.
        edge_index: [2, E] source and target node.
        edge_type: [E] index into the edge types.
        edge_weight: [E] confidence of the edge's source, 0..1.
    """

    node_gene: I64
    node_features: F32
    edge_index: I64
    edge_type: I64
    edge_weight: F32


@dataclass(frozen=True)
class DrugArrays:
    """The drugs of one course (D; 0 where none is recorded), each once; their order says nothing.

    Attributes:
        agent: [D] number in the training's vocabulary, 0 for a drug that training has not seen.
        features: [D, Q], columns named by `DrugVocabulary.feature_names`: class, what the targets reach, plan.
        reach: [D, 3], columns `drug_vocabulary.REACH_NAMES`: what the drug's targets have to do with the altered genes.
    """

    agent: I64
    features: F32
    reach: F32


@dataclass(frozen=True)
class CourseArrays:
    """One course, standardised and masked; M modalities in the preprocessor's order.

    Attributes:
        tiles: [T, dim] tile features as the encoder gave them (the network standardises them), in memory or in their
            files; T = 0 when the slide is absent.
        graph: altered genes; no node where nothing was found and where nothing was measured: the two are
            told apart by `is_present`.
        burden: [3] log1p(nonsynonymous variants), log1p(TMB per Mb), 1 where the TMB is known.
        layers: name -> [d] standardised values, 0 where not measured.
        is_measured: name -> [d], True where the value was measured.
        treatment: [R] drugs and drug classes of training, and line of therapy.
        drugs: the same drugs one by one.
        is_present: [M] True where the modality was measured for this course.
    """

    course_id: str
    patient_id: str
    tiles: Tiles
    graph: PatientGraph
    burden: F32
    layers: dict[str, F32]
    is_measured: dict[str, Bool]
    treatment: F32
    drugs: DrugArrays
    is_present: Bool
