"""Turns configuration into the networks of other kinds."""

from __future__ import annotations

import torch
from torch import nn

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import Kind, ModelConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.graph_encoder import NodeColumns
from tumorcast.nn.rivals import mcat, survpath
from tumorcast.nn.rivals.bags import TileProjection
from tumorcast.nn.rivals.groups import GroupTokens, MutationGroups, SetGroups, VectorGroup

_SEE_SLIDES_ALONE = ("abmil", "clam", "transmil")
_NEED_NO_SLIDES = ("tumorcast", "concat")


def modalities_of(kind: Kind, modalities: tuple[str, ...]) -> tuple[str, ...]:
    """Those that a network of this kind looks at; none where it cannot do without one that is not there."""
    if kind not in _NEED_NO_SLIDES and "slide" not in modalities:
        return ()
    return ("slide",) if kind in _SEE_SLIDES_ALONE else modalities


def build_rival(model: ModelConfig, prepared: Preprocessor) -> CourseNet:
    """A fresh network of `model.kind`. Initial weights follow torch's global seed.

    Raises:
        InputError: the kind looks at slides, and there are none.
    """
    modalities, heads, dropout = prepared.modalities, model.heads, model.dropout
    match model.kind:
        case "mcat":
            width = model.rival_width or mcat.WIDTH
            tiles = _tiles(prepared, model, width, nn.ReLU())
            return mcat.Mcat(modalities, heads, tiles, _groups(prepared, width, dropout), width, dropout)
        case "survpath":
            width = model.rival_width or survpath.WIDTH
            tiles = _tiles(prepared, model, width, nn.Identity())
            groups = _groups(prepared, width, dropout)
            return survpath.SurvPath(modalities, heads, tiles, groups, width, dropout)
        case _:
            raise NotImplementedError(model.kind)


def _tiles(prepared: Preprocessor, model: ModelConfig, width: int, activation: nn.Module) -> TileProjection:
    if prepared.tiles is None:
        raise InputError(
            f"a network of the kind {model.kind} looks at slides, and no training course has one",
            expected="features of at least one slide",
            fix="run `tumorcast encode`, set data.features, or choose another model.kind",
        )
    mean, scale = torch.from_numpy(prepared.tiles.mean), torch.from_numpy(prepared.tiles.scale)
    slide = prepared.modalities.index("slide")
    return TileProjection(mean, scale, slide, width, model.dropout, activation)


def _groups(prepared: Preprocessor, width: int, dropout: float) -> GroupTokens:
    parts: dict[str, nn.Module] = {}
    for name in prepared.modalities:
        if name == "mutations" and prepared.graph is not None:
            graph = prepared.graph
            parts[name] = MutationGroups(len(graph.genes), NodeColumns.of(graph), width, dropout)
        elif name == "expression" and prepared.gene_sets:
            place = {gene: i for i, gene in enumerate(prepared.layers[name].features)}
            members = [[place[gene] for gene in genes] for genes in prepared.gene_sets.values()]
            parts[name] = SetGroups(members, width, dropout)
        elif name in prepared.layers:
            parts[name] = VectorGroup(len(prepared.layers[name].features), width, dropout)
    treatment = len(prepared.treatment.features)
    return GroupTokens(prepared.modalities, parts, treatment, width, dropout)
