"""A fine-tuned encoder as an ONNX graph that says what torch says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tumorcast.domain.errors import BundleError
from tumorcast.export.onnx_file import tensors_beside
from tumorcast.export.tile_encoder import export_tile_encoder
from tumorcast.nn.backbones import load_backbone
from tumorcast.nn.tile_graph import TilesToFeatures
from tumorcast.readers.files import copy_file
from tumorcast.slides.encoder_names import TUNED
from tumorcast.slides.encoders import OnnxTileEncoder

TOLERANCE = 1e-3
"""Largest accepted difference of a feature, in standard deviations of the features."""


def export_tuned(weights: Path, tiles: np.ndarray, out: Path | None = None) -> float:
    """Export into the cache, compare on tiles, and copy to `out`; returns the largest difference (see `TOLERANCE`).

    A graph whose tensors lie in a second file stays in the cache alone.

    Raises:
        BundleError: the graph does not say what torch says.
    """
    name = f"{TUNED}@{weights}"
    path = export_tile_encoder(name)
    backbone = load_backbone(name)
    module = TilesToFeatures(backbone, backbone.tile_px).eval()
    with torch.inference_mode():
        wanted = module(torch.from_numpy(np.ascontiguousarray(tiles))).numpy()
    given = OnnxTileEncoder(path).encode(tiles)
    difference = float(np.abs(given - wanted).max() / max(float(wanted.std()), 1e-12))
    if not difference <= TOLERANCE:
        path.unlink()
        raise BundleError(
            "the exported encoder does not say what the tuned one says",
            got=f"{difference:.1e} standard deviations apart",
            expected=f"at most {TOLERANCE:g}",
        )
    if out is not None and not tensors_beside(path).is_file():
        copy_file(path, out)
    return difference
