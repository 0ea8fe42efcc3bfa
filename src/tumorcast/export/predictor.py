"""Predictor -> ONNX: flat, named inputs; every size (tiles, genes, edges, courses) left open."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.cohort.packing import FIXED_INPUTS, layer_input, pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.export.onnx_file import quiet_exporter, save_graph
from tumorcast.export.probes import probe_course

_OF_SLIDES = ("tiles", "tile_course")
_OF_MUTATIONS = (
    "node_gene", "node_features", "node_course", "edge_index", "edge_type", "edge_weight", "burden",
)  # fmt: skip
_OPEN_SIZES = {
    "tiles": {0: "n_tiles"}, "tile_course": {0: "n_tiles"}, "node_gene": {0: "n_nodes"},
    "node_features": {0: "n_nodes"}, "node_course": {0: "n_nodes"}, "edge_index": {1: "n_edges"},
    "edge_type": {0: "n_edges"}, "edge_weight": {0: "n_edges"},
}  # fmt: skip


def input_names(prepared: Preprocessor) -> tuple[str, ...]:
    """Inputs of the graph; those of a modality that the model does not use are left out."""
    unused = (*(() if prepared.tiles else _OF_SLIDES), *(() if prepared.graph else _OF_MUTATIONS))
    fixed = [name for name in FIXED_INPUTS if name not in unused]
    return (*fixed, *(name for layer in prepared.layer_names for name in layer_input(layer)))


def output_names(prepared: Preprocessor, heads: Sequence[str]) -> tuple[str, ...]:
    """`response_logit`, `ordinal_logits`, `risk` as the heads are, then `single_scores`, then attentions."""
    of_head = {"response": "response_logit", "ordinal": "ordinal_logits", "survival": "risk"}
    attention = (("tile_attention", prepared.tiles), ("gene_attention", prepared.graph))
    return (
        *(of_head[head] for head in heads),
        "single_scores",
        *(name for name, part in attention if part is not None),
    )


class FlatPredictor(nn.Module):
    """The predictor with flat, named tensors in and out.

    Shapes: as in docs/architecture.md, "Predictor inputs"; outputs as `output_names` lists them:
    response_logit [B], ordinal_logits [B, K - 1], risk [B], single_scores [B, M, H], tile_attention [T],
    gene_attention [N].
    """

    def __init__(self, model: nn.Module, prepared: Preprocessor, heads: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.heads = tuple(heads)
        self.layer_names = prepared.layer_names
        self.outputs = output_names(prepared, heads)

    def forward(self, **named: Tensor) -> tuple[Tensor, ...]:
        out = self.model(_inputs(named, self.layer_names))
        found = {
            "ordinal_logits": out.ordinal_logits,
            "single_scores": out.single_scores,
            "tile_attention": out.tile_attention,
            "gene_attention": out.gene_attention,
        }
        for column, head in enumerate(self.heads):
            if head != "ordinal":
                found["risk" if head == "survival" else "response_logit"] = out.scores[:, column]
        return tuple(found[name] for name in self.outputs)


def _inputs(named: dict[str, Tensor], layer_names: tuple[str, ...]) -> CourseInputs:
    """Inputs that the model does not use are empty."""
    empty = named["treatment"].new_zeros(0)
    pairs = [layer_input(name) for name in layer_names]
    return CourseInputs(
        **{name: named.get(name, empty) for name in FIXED_INPUTS},
        layers=tuple(named[values] for values, _ in pairs),
        is_measured=tuple(named[mask] for _, mask in pairs),
    )


def export_predictor(model: nn.Module, prepared: Preprocessor, heads: Sequence[str], path: Path) -> None:
    """Write the ONNX graph of an `Ensemble` or a `Predictor`, atomically.

    Args:
        model: stays as it is (mode and device); what is exported is its evaluation mode.
        prepared: the preprocessor that the model was built for.
        heads: names of the model's scores, in its order.
        path: the file to write.
    """
    flat = FlatPredictor(copy.deepcopy(model).cpu(), prepared, heads).eval()
    packed = pack([probe_course(prepared, seed) for seed in range(3)])
    example = {name: torch.from_numpy(packed[name]) for name in input_names(prepared)}
    sizes = {name: _OPEN_SIZES.get(name, {0: "n_courses"}) for name in example}
    with quiet_exporter():
        program = torch.onnx.export(
            flat,
            kwargs=example,
            input_names=list(example),
            output_names=list(flat.outputs),
            dynamic_shapes=sizes,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter returned no graph")
    save_graph(program.model_proto, path)
