"""Turns configuration into the networks of other kinds: the rivals' part of `nn/build.py`."""

from __future__ import annotations

import torch
from torch import nn

from tumorcast.cohort.graph_vocabulary import GraphVocabulary
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import Kind, ModelConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.graph_encoder import NodeColumns
from tumorcast.nn.rivals import abmil, clam, concat, mcat, survpath, transmil
from tumorcast.nn.rivals.bags import StandardTiles, TileProjection
from tumorcast.nn.rivals.groups import (
    GroupTokens,
    MutationCounts,
    MutationGroups,
    SetGroups,
    VectorGroup,
)

_OF_SLIDES = {
    "abmil": (abmil.Abmil, abmil.WIDTH),
    "clam": (clam.Clam, clam.WIDTH),
    "transmil": (transmil.TransMil, transmil.WIDTH),
}
_NEED_NO_SLIDES = ("tumorcast", "concat")


def modalities_of(kind: Kind, modalities: tuple[str, ...]) -> tuple[str, ...]:
    """Those that a network of this kind looks at; none where it cannot do without one that is not there."""
    if kind not in _NEED_NO_SLIDES and "slide" not in modalities:
        return ()
    return ("slide",) if kind in _OF_SLIDES else modalities


def build_rival(model: ModelConfig, prepared: Preprocessor) -> CourseNet:
    """A fresh network of `model.kind`. Initial weights follow torch's global seed.

    Raises:
        InputError: the kind looks at slides, and there are none.
    """
    modalities, heads, dropout = prepared.modalities, model.heads, model.dropout
    treatment = len(prepared.treatment.features)
    match model.kind:
        case "concat":
            standard = None if prepared.tiles is None else _standard(prepared, model)
            counts = None if prepared.graph is None else _counts(prepared.graph)
            widths = {name: _width_of(name, prepared) for name in prepared.layer_names}
            width = model.rival_width or concat.WIDTH
            return concat.Concat(modalities, heads, standard, counts, widths, treatment, width, dropout)
        case "abmil" | "clam" | "transmil":
            made, default = _OF_SLIDES[model.kind]
            width = model.rival_width or default
            tiles = TileProjection(_standard(prepared, model), width, dropout, nn.ReLU())
            return made(modalities, heads, tiles, treatment, width, dropout)
        case "mcat":
            width = model.rival_width or mcat.WIDTH
            tiles = TileProjection(_standard(prepared, model), width, dropout, nn.ReLU())
            return mcat.Mcat(modalities, heads, tiles, _groups(prepared, width, dropout), width, dropout)
        case "survpath":
            width = model.rival_width or survpath.WIDTH
            tiles = TileProjection(_standard(prepared, model), width, dropout, nn.Identity())
            groups = _groups(prepared, width, dropout)
            return survpath.SurvPath(modalities, heads, tiles, groups, width, dropout)
        case "tumorcast":
            raise ValueError("not a rival: build_predictor makes it")


def _standard(prepared: Preprocessor, model: ModelConfig) -> StandardTiles:
    if prepared.tiles is None or "slide" not in prepared.modalities:
        raise InputError(
            f"a network of the kind {model.kind} looks at slides, and no training course has one",
            expected="features of at least one slide",
            fix="run `tumorcast encode`, set data.features, or choose another model.kind",
        )
    mean, scale = torch.from_numpy(prepared.tiles.mean), torch.from_numpy(prepared.tiles.scale)
    return StandardTiles(mean, scale, prepared.modalities.index("slide"))


def _counts(graph: GraphVocabulary) -> MutationCounts:
    return MutationCounts(len(graph.genes), NodeColumns.of(graph))


def _width_of(name: str, prepared: Preprocessor) -> int:
    return len(prepared.layers[name].features)


def _groups(prepared: Preprocessor, width: int, dropout: float) -> GroupTokens:
    parts: dict[str, nn.Module] = {}
    for name in prepared.modalities:
        if name == "mutations" and prepared.graph is not None:
            parts[name] = MutationGroups(_counts(prepared.graph), width, dropout)
        elif name == "expression" and prepared.gene_sets:
            place = {gene: i for i, gene in enumerate(prepared.layers[name].features)}
            members = [[place[gene] for gene in genes] for genes in prepared.gene_sets.values()]
            parts[name] = SetGroups(members, width, dropout)
        elif name in prepared.layers:
            parts[name] = VectorGroup(_width_of(name, prepared), width, dropout)
    treatment = len(prepared.treatment.features)
    return GroupTokens(prepared.modalities, parts, treatment, width, dropout)
