"""A tile encoder in fewer bits: an encoder of its own, that says how far its features are from those it was made of."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Literal

import numpy as np
import onnx

from tumorcast.domain.errors import InputError
from tumorcast.export.onnx_file import quiet_exporter, save_graph
from tumorcast.slides.encoders import OnnxTileEncoder

Bits = Literal["int8", "fp16"]
FEWEST_TILES = 64
"""Half of them calibrate, the others measure."""
_TURNS = 7


@dataclass(frozen=True)
class Agreement:
    """What fewer bits cost and bring, on tiles that did not calibrate.

    Attributes:
        n_tiles: on which it was measured.
        cosine_median, cosine_least: of a tile's features with those of the encoder it was made of.
        time_ratio: median time of a batch over that of the other, in turns, on this machine.
    """

    n_tiles: int
    cosine_median: float
    cosine_least: float
    time_ratio: float


def quantise_encoder(encoder: OnnxTileEncoder, bits: Bits, tiles: np.ndarray, out: Path) -> Agreement:
    """Write the encoder in fewer bits, atomically; its id ends with `+int8` or `+fp16`, so that no bundle that was
    trained on the features of the other takes its own.

    int8: static, weights by channel, ranges of activations from half of the tiles (ONNX Runtime's QDQ form).
    fp16: weights and activations; tensors in and out stay as they are. CPUs without fp16 arithmetic widen them again.

    Args:
        encoder: float32, normalising in its graph.
        tiles: uint8 [n, tile_px, tile_px, 3], n >= `FEWEST_TILES`, as the slides of use show them.
        out: the file to write; `metadata_props` get the `Agreement` and the digest of the encoder it was made of.

    Raises:
        InputError: too few tiles, or an encoder whose graph does not normalise.
    """
    if len(tiles) < FEWEST_TILES:
        raise InputError(
            "too few tiles to quantise with",
            got=len(tiles),
            expected=f"{FEWEST_TILES} or more",
            fix="give more slides",
        )
    if encoder.card.normalises != "graph":
        raise InputError(
            "the encoder's graph does not normalise its tiles", fix="export it with tumorcast encode"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, quiet_exporter():
        made = Path(work) / "made.onnx"
        graph = _in_half(encoder.path) if bits == "fp16" else _in_int8(encoder, tiles[::2], Path(work))
        card = replace(encoder.card, id=f"{encoder.id}+{bits}").to_metadata()
        onnx.helper.set_model_props(graph, card)
        save_graph(graph, made)
        agreement = compare_encoders(encoder, OnnxTileEncoder(made), tiles[1::2])
        told = {"quantised_from": encoder.sha256, "agreement": json.dumps(asdict(agreement))}
        onnx.helper.set_model_props(graph, card | told)
        save_graph(graph, out)
    return agreement


def compare_encoders(one: OnnxTileEncoder, other: OnnxTileEncoder, tiles: np.ndarray) -> Agreement:
    """Features and time of `other` against those of `one`."""
    batches = [tiles[start : start + one.batch_tiles] for start in range(0, len(tiles), one.batch_tiles)]
    a, b = (np.concatenate([each.encode(batch) for batch in batches]) for each in (one, other))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = (a * b).sum(axis=1) / np.maximum(norms, 1e-12)
    return Agreement(
        len(tiles), float(np.median(cosine)), float(cosine.min()), _time_ratio(one, other, batches[0])
    )


def _time_ratio(one: OnnxTileEncoder, other: OnnxTileEncoder, batch: np.ndarray) -> float:
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(_TURNS):
        for each, found in zip((one, other), seconds, strict=True):
            start = perf_counter()
            each.encode(batch)
            found.append(perf_counter() - start)
    return median(seconds[1]) / median(seconds[0])


def _in_half(path: Path) -> onnx.ModelProto:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    return convert_float_to_float16(onnx.load(path), keep_io_types=True)


def _in_int8(encoder: OnnxTileEncoder, tiles: np.ndarray, work: Path) -> onnx.ModelProto:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Tiles(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = _fed(encoder.path, tiles, encoder.batch_tiles)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._batches, None)

    ready, made = work / "ready.onnx", work / "int8.onnx"
    quant_pre_process(str(encoder.path), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready),
        str(made),
        Tiles(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "MatMul", "Gemm"],
    )
    return onnx.load(made)


def _fed(path: Path, tiles: np.ndarray, size: int) -> Iterator[dict[str, np.ndarray]]:
    name = onnx.load(path, load_external_data=False).graph.input[0].name
    for start in range(0, len(tiles), size):
        yield {name: tiles[start : start + size]}


def tiles_of_slides(
    paths: Sequence[Path], encoder: OnnxTileEncoder, per_slide: int, seed: int = 0
) -> np.ndarray:
    """uint8 [n, tile_px, tile_px, 3]: random tissue tiles of each slide, at most `per_slide`."""
    from tumorcast.slides.reader import open_slide
    from tumorcast.slides.tiling import TileSettings, tile_grid
    from tumorcast.slides.tissue import find_tissue

    settings, random = TileSettings(encoder.target_mpp, encoder.tile_px), np.random.default_rng(seed)
    found = []
    for path in paths:
        with open_slide(path) as slide:
            corners = tile_grid(slide, find_tissue(slide), settings)
            chosen = corners[random.permutation(len(corners))[:per_slide]]
            found += [slide.read_tile(int(x), int(y), encoder.tile_px, encoder.target_mpp) for x, y in chosen]
    return np.stack(found) if found else np.zeros((0, encoder.tile_px, encoder.tile_px, 3), np.uint8)
