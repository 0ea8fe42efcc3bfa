"""A backbone as an ONNX graph from uint8 tiles to pooled features: the lab's tile encoder."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import nn

from tumorcast.domain.errors import InputError
from tumorcast.export.onnx_file import quiet_exporter, save_graph
from tumorcast.nn.backbones import load_backbone
from tumorcast.nn.tile_graph import TilesToFeatures
from tumorcast.slides.encoder_cache import cached_encoder_path
from tumorcast.slides.encoders import EncoderCard

OPSET = 18


def export_tile_encoder(
    backbone_id: str,
    out_path: Path | str | None = None,
    *,
    tile_px: int | None = None,
    allow_download: bool = False,
) -> Path:
    """Write the backbone as ONNX with a dynamic batch, atomically; returns its path.

    Resizing, normalising and pooling are in the graph; its `metadata_props` carry the `EncoderCard`.

    Args:
        backbone_id: an encoder id (see `nn.backbones`).
        out_path: None is the cache (`slides.encoder_cache`).
        tile_px: side of the tiles; None is what the backbone was trained on.
        allow_download: let published weights be fetched.

    Raises:
        InputError: an unknown id, unusable weights, or a backbone that refuses this tile size.
    """
    path = Path(out_path) if out_path else cached_encoder_path(backbone_id, tile_px)
    backbone = load_backbone(backbone_id, allow_download=allow_download)
    side = tile_px or backbone.tile_px
    card = EncoderCard(
        backbone.id,
        backbone.target_mpp,
        side,
        backbone.mean,
        backbone.std,
        normalises="graph",
        licence=backbone.licence,
        weights_sha256=backbone.weights_sha256,
        tuned_on=backbone.tuned_on,
    )
    graph = _traced(TilesToFeatures(backbone, side).eval(), side, backbone.id)
    onnx.helper.set_model_props(graph, card.to_metadata())
    path.parent.mkdir(parents=True, exist_ok=True)
    save_graph(graph, path)
    return path


def _traced(module: nn.Module, tile_px: int, name: str) -> onnx.ModelProto:
    tiles = torch.zeros((2, tile_px, tile_px, 3), dtype=torch.uint8)
    try:
        with torch.no_grad():
            module(tiles)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"{name} does not take tiles of {tile_px} pixels", got=error) from error
    with quiet_exporter(), torch.no_grad():
        program = torch.onnx.export(
            module,
            (tiles,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["tiles"],
            output_names=["features"],
            dynamic_shapes={"tiles": {0: torch.export.Dim("batch", min=1)}},
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no program")
    graph = program.model_proto
    return graph
