"""A bundle is opened only when every byte is as it was exported."""

from __future__ import annotations

import json

import pytest

from tumorcast.domain.errors import BundleError
from tumorcast.serve.bundle import load_bundle

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
