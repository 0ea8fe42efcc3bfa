"""Graphs too large for one protobuf message."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tumorcast.export.onnx_file import save_graph, tensors_beside


def _graph(weights):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, len(weights)]) for name in "xy"]
    graph = helper.make_graph([node], "g", [values[0]], [values[1]], [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_large_tensors_lie_beside_the_graph(tmp_path):
    weights = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    save_graph(_graph(weights), tmp_path / "big.onnx", most_bytes=1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.onnx", "big.onnx.data"]
    assert (tmp_path / "big.onnx").stat().st_size < 1000
    moved = (tmp_path / "big.onnx").rename(tmp_path / "renamed.onnx")
    x = np.eye(64, dtype=np.float32)
    found = onnxruntime.InferenceSession(moved).run(None, {"x": x})[0]
    assert np.array_equal(found, weights)


def test_small_graphs_are_one_file(tmp_path):
    save_graph(_graph(np.eye(4, dtype=np.float32)), tmp_path / "small.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["small.onnx"]
    assert not tensors_beside(tmp_path / "small.onnx").exists()
    onnx.checker.check_model(tmp_path / "small.onnx")
