"""The only place that turns configuration into modules."""

from __future__ import annotations

import torch
from torch import nn

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import ModelConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.fusion import Fusion
from tumorcast.nn.graph_encoder import GraphEncoder, NodeColumns
from tumorcast.nn.graph_layers import graph_layer
from tumorcast.nn.layer_encoders import PathwayEncoder, TabularEncoder
from tumorcast.nn.predictor import Predictor
from tumorcast.nn.rivals.build import build_rival
from tumorcast.nn.slide_encoder import SlideEncoder
from tumorcast.nn.treatment_encoder import TreatmentEncoder


def build_net(model: ModelConfig, prepared: Preprocessor) -> CourseNet:
    """A fresh network of `model.kind`."""
    if model.kind == "tumorcast":
        return build_predictor(model, prepared)
    net = build_rival(model, prepared)
    net.modality_dropout = model.modality_dropout
    return net


def build_predictor(model: ModelConfig, prepared: Preprocessor) -> Predictor:
    """A fresh predictor for what the preprocessor makes. Initial weights follow torch's global seed."""
    encoders = {name: build_encoder(name, model, prepared) for name in prepared.modalities}
    return Predictor(
        modalities=prepared.modalities,
        encoders=encoders,
        treatment=build_treatment_encoder(model, prepared),
        treatment_width=len(prepared.treatment.features),
        classes=prepared.treatment.class_columns,
        heads=model.heads,
        fusion=Fusion(model.width, model.attention_heads, model.fusion_layers, model.dropout),
        width=model.width,
        modality_dropout=model.modality_dropout,
        agent_dropout=model.agent_dropout,
        starts_from_anchors=model.anchors,
    )


def build_treatment_encoder(model: ModelConfig, prepared: Preprocessor) -> TreatmentEncoder:
    """The encoder of the drugs."""
    return TreatmentEncoder(
        len(prepared.drugs.agents), len(prepared.drugs.feature_names), model.width, model.drug_tokens, model.dropout,
        with_reach="mutations" in prepared.modalities,
    )  # fmt: skip


def build_encoder(name: str, model: ModelConfig, prepared: Preprocessor) -> nn.Module:
    """The encoder of one modality."""
    match name:
        case "slide":
            if prepared.tiles is None:
                raise InputError(
                    "no training course has a slide",
                    expected="features of at least one slide",
                    fix="run `tumorcast encode`, set data.features, or take 'slide' out of data.modalities",
                )
            mean, scale = torch.from_numpy(prepared.tiles.mean), torch.from_numpy(prepared.tiles.scale)
            return SlideEncoder(mean, scale, model.width, model.slide_tokens, model.dropout)
        case "mutations":
            graph = prepared.graph
            if graph is None:
                raise InputError("the mutation graph was not fitted", fix="fit the preprocessor again")
            return GraphEncoder(
                len(graph.genes), len(graph.node_feature_names), NodeColumns.of(graph), len(graph.edge_type_names),
                model.width, _rounds(model), model.graph_tokens, model.dropout,
            )  # fmt: skip
        case "expression" if prepared.gene_sets:
            return PathwayEncoder(_membership(prepared), model.width, model.dropout)
        case _:
            if name not in prepared.layers:
                raise InputError(f"no training course has the layer '{name}'")
            return TabularEncoder(_layer_width(name, prepared), model.width, model.dropout)


def _rounds(model: ModelConfig) -> list[nn.Module]:
    """The rounds of message passing; none for a bag of genes."""
    if model.graph == "bag":
        return []
    return [graph_layer(model.graph, model.width, model.attention_heads) for _ in range(model.graph_layers)]


def _layer_width(name: str, prepared: Preprocessor) -> int:
    return len(prepared.layers[name].features)


def _membership(prepared: Preprocessor) -> torch.Tensor:
    genes = {gene: i for i, gene in enumerate(prepared.layers["expression"].features)}
    membership = torch.zeros(len(prepared.gene_sets), len(genes))
    for row, members in enumerate(prepared.gene_sets.values()):
        membership[row, [genes[gene] for gene in members]] = 1
    return membership
