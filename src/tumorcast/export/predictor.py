"""Predictor -> two ONNX graphs: one pools tiles, a chunk at a time; one makes predictions of that and all else."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.cohort.packing import FIXED_INPUTS, layer_input, pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.export.graph_passes import simplify
from tumorcast.export.onnx_file import quiet_exporter, save_graph
from tumorcast.export.probes import probe_course
from tumorcast.nn.anchors import Encoded
from tumorcast.nn.chunk_pool import ChunkPool
from tumorcast.nn.predictor import Ensemble, Predictor, PredictorOutput, mean_output
from tumorcast.nn.slide_encoder import SlideEncoder
from tumorcast.serve.manifest import PREDICTOR_NAME, TILES_NAME
from tumorcast.serve.tile_sums import OUTPUTS as TILE_OUTPUTS

_OF_SLIDES = ("tiles", "tile_course")
_POOLED = ("slide_pooled", "slide_summary")
_OF_MUTATIONS = (
    "node_gene", "node_features", "node_course", "edge_index", "edge_type", "edge_weight", "burden", "drug_reach",
)  # fmt: skip
_OF_HEAD = {
    "response": "response_logit", "ordinal": "ordinal_logits", "survival": "risk", "size": "size_log_ratio",
}  # fmt: skip
_OPEN_SIZES = {
    "node_gene": {0: "n_nodes"}, "node_features": {0: "n_nodes"}, "node_course": {0: "n_nodes"},
    "edge_index": {1: "n_edges"}, "edge_type": {0: "n_edges"}, "edge_weight": {0: "n_edges"},
    **{f"drug_{part}": {0: "n_drugs"} for part in ("agent", "features", "reach", "course")},
}  # fmt: skip


def input_names(prepared: Preprocessor) -> tuple[str, ...]:
    """Inputs of `predictor.onnx`: those of the network, with pooled tiles [B, E, K, W] and their mean [B, dim] for
    the tiles."""
    pooled = _POOLED if prepared.tiles else ()
    return (*pooled, *(name for name in network_inputs(prepared) if name not in _OF_SLIDES))


def network_inputs(prepared: Preprocessor) -> tuple[str, ...]:
    """Inputs of the network; those of a modality that the model does not use are left out."""
    unused = (*(() if prepared.tiles else _OF_SLIDES), *(() if prepared.graph else _OF_MUTATIONS))
    fixed = [name for name in FIXED_INPUTS if name not in unused]
    return (*fixed, *(name for layer in prepared.layer_names for name in layer_input(layer)))


def output_names(prepared: Preprocessor, heads: Sequence[str]) -> tuple[str, ...]:
    """`response_logit`, `ordinal_logits`, `risk`, `size_log_ratio` as the heads are; `single_scores`; attentions."""
    attention = (("tile_attention", prepared.tiles), ("gene_attention", prepared.graph))
    return (
        *(_OF_HEAD[head] for head in heads),
        "single_scores",
        *(name for name, part in attention if part is not None),
    )


class FlatPredictor(nn.Module):
    """The predictor with flat, named tensors in and out.

    Shapes: as in docs/architecture.md, "Predictor inputs"; outputs as `output_names` lists them:
    response_logit [B], ordinal_logits [B, K - 1], risk [B], size_log_ratio [B], single_scores [B, M, H],
    tile_attention [T], gene_attention [N].
    """

    def __init__(self, model: nn.Module, prepared: Preprocessor, heads: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.heads = tuple(heads)
        self.layer_names = prepared.layer_names
        self.outputs = output_names(prepared, heads)

    def forward(self, **named: Tensor) -> tuple[Tensor, ...]:
        return _flat(self.model(_inputs(named, self.layer_names)), self.heads, self.outputs)


class PooledPredictor(nn.Module):
    """As `FlatPredictor`, with the pooled tiles in place of the tiles, and without their attention."""

    def __init__(self, members: Sequence[Predictor], prepared: Preprocessor, heads: Sequence[str]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.heads = tuple(heads)
        self.layer_names = prepared.layer_names
        self.outputs = tuple(name for name in output_names(prepared, heads) if name != "tile_attention")

    def forward(self, **named: Tensor) -> tuple[Tensor, ...]:
        inputs = _inputs(named, self.layer_names)
        pooled, summary = (named.get(name) for name in _POOLED)
        outputs = []
        for i, member in enumerate(self.members):
            slide = None if pooled is None or summary is None else Encoded(pooled[:, i], summary)
            outputs.append(member(inputs, slide=slide))
        return _flat(mean_output(outputs), self.heads, self.outputs)


def _flat(out: PredictorOutput, heads: Sequence[str], outputs: Sequence[str]) -> tuple[Tensor, ...]:
    found = {
        "ordinal_logits": out.ordinal_logits,
        "single_scores": out.single_scores,
        "tile_attention": out.tile_attention,
        "gene_attention": out.gene_attention,
    }
    for column, head in enumerate(heads):
        if head != "ordinal":
            found[_OF_HEAD[head]] = out.scores[:, column]
    return tuple(found[name] for name in outputs)


def _inputs(named: dict[str, Tensor], layer_names: tuple[str, ...]) -> CourseInputs:
    """Inputs that the model does not use are empty."""
    empty = named["treatment"].new_zeros(0)
    pairs = [layer_input(name) for name in layer_names]
    return CourseInputs(
        **{name: named.get(name, empty) for name in FIXED_INPUTS},
        layers=tuple(named[values] for values, _ in pairs),
        is_measured=tuple(named[mask] for _, mask in pairs),
    )


def export_predictor(model: nn.Module, prepared: Preprocessor, heads: Sequence[str], folder: Path) -> None:
    """Write `predictor.onnx`, and where the model reads slides `tiles.onnx`, each atomically.

    Args:
        model: an `Ensemble` or a `Predictor`; stays as it is (mode and device), its evaluation mode is exported.
        prepared: the preprocessor that the model was built for.
        heads: names of the model's scores, in its order.
        folder: where the files go.
    """
    model = copy.deepcopy(model).cpu().eval()
    members = [cast(Predictor, each) for each in (model.members if isinstance(model, Ensemble) else [model])]
    packed = pack([probe_course(prepared, seed) for seed in range(3)])
    example = {name: torch.from_numpy(packed[name]) for name in input_names(prepared) if name in packed}
    if prepared.tiles is not None:
        encoders = [cast(SlideEncoder, member.encoders["of_slide"]) for member in members]
        pool = ChunkPool(encoders).eval()
        tiles = torch.from_numpy(packed["tiles"])
        _export(pool, {"tiles": tiles}, TILE_OUTPUTS, {"tiles": {0: "n_tiles"}}, folder / TILES_NAME)
        _, _, _, content, total = pool(tiles)
        example |= {
            name: torch.stack([part] * 3) for name, part in zip(_POOLED, (content, total), strict=True)
        }
    flat = PooledPredictor(members, prepared, heads).eval()
    example = {name: example[name] for name in input_names(prepared)}
    sizes = {name: _OPEN_SIZES.get(name, {0: "n_courses"}) for name in example}
    _export(flat, example, flat.outputs, sizes, folder / PREDICTOR_NAME)


def _export(
    module: nn.Module, example: dict[str, Tensor], outputs: Sequence[str], sizes: dict[str, Any], path: Path
) -> None:
    with quiet_exporter():
        program = torch.onnx.export(
            module,
            kwargs=example,
            input_names=list(example),
            output_names=list(outputs),
            dynamic_shapes=sizes,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the exporter returned no graph")
        simplify(program.model)
    save_graph(program.model_proto, path)
