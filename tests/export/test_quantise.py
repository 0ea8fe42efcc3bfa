"""An encoder of fewer bits is another encoder, near to the one it was made of, and says how near."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tumorcast.domain.errors import InputError
from tumorcast.export.quantise import FEWEST_TILES, quantise_encoder
from tumorcast.slides.encoders import EncoderCard, OnnxTileEncoder

_PX = 16


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> OnnxTileEncoder:
    """Cast, convolution, rectifier, mean."""
    random = np.random.default_rng(0)
    constants = {
        "weight": random.normal(size=(12, 3, 3, 3)).astype(np.float32) / 255,
        "sides": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["tiles"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["values"], ["images"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["images", "weight"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["seen"], ["lit"]),
        helper.make_node("ReduceMean", ["lit", "sides"], ["features"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("tiles", TensorProto.UINT8, ["b", _PX, _PX, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["b", 12])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, EncoderCard("toy", 1.0, _PX, normalises="graph").to_metadata())
    path = tmp_path_factory.mktemp("encoder") / "toy.onnx"
    onnx.save(model, path)
    return OnnxTileEncoder(path)


def tiles(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, _PX, _PX, 3), np.uint8)


@pytest.mark.parametrize("bits", ["int8", "fp16"])
def test_it_is_an_encoder_of_its_own_that_says_how_near_it_is(encoder, tmp_path, bits):
    found = quantise_encoder(encoder, bits, tiles(80), tmp_path / "few.onnx")
    made = OnnxTileEncoder(tmp_path / "few.onnx")
    assert made.id == f"toy+{bits}"
    assert (made.dim, made.tile_px, made.target_mpp) == (encoder.dim, encoder.tile_px, encoder.target_mpp)
    assert made.sha256 != encoder.sha256
    assert found.n_tiles == 40
    assert 0.99 < found.cosine_least <= found.cosine_median <= 1 + 1e-6
    assert not np.array_equal(made.encode(tiles(4)), encoder.encode(tiles(4)))
    props = {each.key: each.value for each in onnx.load(tmp_path / "few.onnx").metadata_props}
    assert props["quantised_from"] == encoder.sha256
    assert json.loads(props["agreement"])["cosine_median"] == found.cosine_median
    assert [path.name for path in tmp_path.iterdir()] == ["few.onnx"]


def test_too_few_tiles_are_refused(encoder, tmp_path):
    with pytest.raises(InputError, match="too few tiles"):
        quantise_encoder(encoder, "int8", tiles(FEWEST_TILES - 1), tmp_path / "few.onnx")
    assert not list(tmp_path.iterdir())
