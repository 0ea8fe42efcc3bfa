"""The feature store keeps what it was given, reads other tools' bags, and tells damaged files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.slides.store import (
    CoordsAttrs,
    StoreAttrs,
    feature_digest,
    read_attrs,
    read_features,
    write_features,
)

ATTRS = StoreAttrs("enc", "ab" * 32, 0.5, 0.25, 112.0, 224, 0.25, False, 123456, 1)
COORDS_ATTRS = CoordsAttrs(448, 40.0, 20.0, 10_000, 8_000, "slide")


def _bag(count: int = 2500, dim: int = 16, seed: int = 0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dim)).astype(np.float32), random.integers(0, 99_999, (count, 2))


@pytest.mark.parametrize("count", [1, 3, 2500])
def test_what_is_written_is_read(tmp_path, count):
    features, coords = _bag(count)
    path = tmp_path / "deep" / "slide.h5"
    write_features(path, features, coords, ATTRS, COORDS_ATTRS)
    bag = read_features(path)
    assert bag.features.dtype == np.float32
    assert bag.features == pytest.approx(features, abs=2e-3)
    assert (bag.coords == coords).all()
    assert bag.attrs == ATTRS
    assert read_attrs(path) == (ATTRS, count)
    assert [each.name for each in path.parent.iterdir()] == ["slide.h5"]


def test_layout_is_trident_s(tmp_path):
    write_features(tmp_path / "s.h5", *_bag(), ATTRS, COORDS_ATTRS)
    with h5py.File(tmp_path / "s.h5") as file:
        assert file["features"].dtype == np.float16
        assert file["features"].chunks[0] >= 1000
        assert file["coords"].dtype == np.int64
        assert file["coords"].attrs["patch_size_level0"] == 448
        assert file["coords"].attrs["level0_magnification"] == 40
        assert file["coords"].attrs["target_magnification"] == 20
        assert (file["coords"].attrs["level0_width"], file["coords"].attrs["name"]) == (10_000, "slide")


def test_values_beyond_half_precision_stay_finite(tmp_path):
    write_features(tmp_path / "s.h5", np.full((2, 3), 1e6), np.zeros((2, 2)), ATTRS, COORDS_ATTRS)
    assert np.isfinite(read_features(tmp_path / "s.h5").features).all()


def test_digest_follows_the_content_and_not_the_file(tmp_path):
    features, coords = _bag()
    for name in ("a", "b"):
        write_features(tmp_path / f"{name}.h5", features, coords, ATTRS, COORDS_ATTRS)
    features[7, 3] += 1
    write_features(tmp_path / "c.h5", features, coords, ATTRS, COORDS_ATTRS)
    a, b, c = (feature_digest(tmp_path / f"{name}.h5") for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("key", ["features", "feats"])
@pytest.mark.parametrize("has_batch_axis", [False, True])
def test_bags_of_other_tools_are_read(tmp_path, key, has_batch_axis):
    features, coords = _bag(10)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file[key] = features[None] if has_batch_axis else features
        file["coords"] = coords
    bag = read_features(tmp_path / "other.h5")
    assert (bag.features == features).all()
    assert bag.attrs == StoreAttrs()


def test_a_bag_without_coordinates_says_so(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["feats"] = _bag(4)[0]
    assert (read_features(tmp_path / "other.h5").coords == -1).all()


def _write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name] = value


def test_unusable_files_are_told(tmp_path):
    path = tmp_path / "bad.h5"
    with pytest.raises(InputError, match="no such"):
        read_features(path)
    path.write_bytes(b"not HDF5")
    with pytest.raises(InputError, match="not a readable HDF5"):
        read_features(path)
    _write(path, weights=np.zeros(3))
    with pytest.raises(InputError, match="no tile features"):
        read_features(path)
    _write(path, features=np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match="not a table"):
        read_features(path)
    _write(path, features=np.zeros((3, 4)), coords=np.zeros((2, 2)))
    with pytest.raises(InputError, match="do not fit"):
        read_features(path)
    _write(path, features=np.array([b"text", b"more"]))
    with pytest.raises(InputError):
        read_features(path)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.95])
def test_truncated_store_is_told(tmp_path, kept):
    path = tmp_path / "s.h5"
    write_features(path, *_bag(), ATTRS, COORDS_ATTRS)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match="not a readable HDF5"):
        read_features(path)


def test_real_bags_of_mopadi(shared_data):
    folder = shared_data / "MoPaDi_tiles"
    feats = read_features(folder / "TCGA-AD-6964-01Z-00-DX1" / "features.h5")
    assert feats.features.shape == (777, 512)
    assert feats.coords.shape == (777, 2)
    assert read_features(folder / "TCGA-3X-AAVA-01Z-00-DX1" / "features.h5").features.shape == (180, 512)


def test_large_bags_are_widened_whole(tmp_path, monkeypatch):
    """The parts that several threads convert make up the bag."""
    monkeypatch.setattr("tumorcast.slides.store.available_cores", lambda: 4)
    features, coords = _bag(3001, 400)
    write_features(tmp_path / "s.h5", features, coords, ATTRS, COORDS_ATTRS)
    read = read_features(tmp_path / "s.h5").features
    assert read.dtype == np.float32
    assert np.array_equal(read, features.astype(np.float16).astype(np.float32))
