"""A bundle is opened only when every byte is as it was exported."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from toy_signatures import reseal
from tumorcast.domain.errors import BundleError
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.manifest import file_entries, read_manifest
from tumorcast.serve.onnx_links import external_files

FILES = (
    "manifest.json", "model_card.md", "predictor.onnx", "preprocess.json", "preprocess.npz", "tile_encoder.onnx",
    "tiles.onnx",
)  # fmt: skip


def test_an_untouched_bundle_opens(lab):
    bundle = load_bundle(lab.bundle)
    assert {path.name for path in lab.bundle.iterdir()} == set(FILES)
    assert bundle.prepared.modalities == bundle.manifest.modalities


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_found(bundle, name):
    path = bundle / name
    content = bytearray(path.read_bytes())
    at = content.index(b"simulated") if name == "manifest.json" else len(content) // 2
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        load_bundle(bundle)


def test_training_data_cannot_be_renamed(bundle):
    path = bundle / "manifest.json"
    path.write_text(path.read_text().replace('"training_data": "simulated"', '"training_data": "real"'))
    with pytest.raises(BundleError, match="not as it was exported"):
        load_bundle(bundle)


def test_missing_and_foreign_files_are_named(bundle):
    (bundle / "model_card.md").unlink()
    (bundle / "notes.txt").write_text("x")
    with pytest.raises(BundleError, match=r"missing: model_card\.md; extra: notes\.txt"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    ("version", "told"),
    [(99, "made by a newer tumorcast"), (3, "of an older format"), ("x", "of an older format")],
)
def test_another_format_version_is_told(bundle, version, told):
    path = bundle / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": version}))
    with pytest.raises(BundleError, match=told) as error:
        load_bundle(bundle)
    assert error.value.fix.startswith("update" if version == 99 else "export the model again")


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '"x"', '{"format": 1}'])
def test_what_is_no_bundle_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(BundleError):
        load_bundle(tmp_path)


def test_a_subfolder_and_a_link_are_foreign(bundle, tmp_path):
    (bundle / "more").mkdir()
    with pytest.raises(BundleError, match="extra: more"):
        load_bundle(bundle)
    (bundle / "more").rmdir()
    outside = tmp_path / "card.md"
    (bundle / "model_card.md").replace(outside)
    try:
        (bundle / "model_card.md").symlink_to(outside)
    except OSError:
        pytest.skip("no links on this system")
    with pytest.raises(BundleError, match=r"extra: model_card\.md"):
        load_bundle(bundle)


def test_a_changed_size_is_found(bundle):
    with (bundle / "preprocess.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match=r"preprocess\.npz is not as it was exported"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "name", ["../outside.json", "a/b.json", "C:x.json", "manifest.json", "MODEL_CARD.md", ".."]
)
def test_a_manifest_cannot_name_files_elsewhere(bundle, name):
    entry = read_manifest(bundle / "manifest.json").files["model_card.md"]
    reseal(bundle, files={**file_entries(bundle), name: entry})
    with pytest.raises(BundleError, match="is not understood"):
        load_bundle(bundle)


def test_names_in_any_script_are_fine(bundle):
    (bundle / "Übersicht 概要.json").write_text("{}", encoding="utf-8")
    reseal(bundle)
    assert "Übersicht 概要.json" in load_bundle(bundle).manifest.files


def test_tensors_outside_the_bundle_are_refused(bundle, tmp_path):
    def with_tensors(location: str) -> None:
        weights = numpy_helper.from_array(np.ones(300, np.float32), "w")
        node = helper.make_node("Identity", ["w"], ["features"])
        out = helper.make_tensor_value_info("features", TensorProto.FLOAT, [300])
        graph = onnx.helper.make_model(helper.make_graph([node], "g", [], [out], [weights]))
        onnx.save(graph, tmp_path / "g.onnx", save_as_external_data=True, location="w.data", size_threshold=0)
        content = (tmp_path / "g.onnx").read_bytes()
        assert external_files(tmp_path / "g.onnx") == {"w.data"}
        (bundle / "tile_encoder.onnx").write_bytes(content.replace(b"w.data", location.encode()))
        (bundle / "w.data").write_bytes((tmp_path / "w.data").read_bytes())
        reseal(bundle)

    with_tensors("w.data")
    load_bundle(bundle)
    with_tensors("../w.d")
    with pytest.raises(BundleError, match="tensors from outside") as error:
        load_bundle(bundle)
    assert error.value.got == "../w.d"


@pytest.mark.parametrize("content", [b"", b"location\xff\xff\xff", b"\x3a\xff\xff\x03location"])
def test_what_is_no_graph_is_told(tmp_path, content):
    (tmp_path / "p.onnx").write_bytes(content)
    with pytest.raises(BundleError, match="not an ONNX graph"):
        external_files(tmp_path / "p.onnx")
