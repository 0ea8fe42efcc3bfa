"""Bags as other tools write them; each writer below follows that tool's own code."""

import json
import pickle
import struct
import zipfile

import h5py
import numpy as np
import pytest

from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import CoordsAttrs, Stated, StoreAttrs
from tumorcast.slides.store import read_attrs, read_features, write_features

N, DIM = 9, 12
RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(N, DIM)).astype(np.float32)
COORDS = np.stack([np.arange(N) * 512 + 100, np.arange(N) * 256 + 7], 1).astype(np.int64)


def trident(path, features=FEATURES, **told):
    """As TRIDENT's `save_h5` of features and coords: chunks of one row, None as text."""
    attrs = {
        "patch_size": 256,
        "patch_size_level0": 512,
        "level0_magnification": 40,
        "target_magnification": 20,
    }
    attrs |= {"overlap": 0, "name": path.stem, "savetodir": "x", "level0_width": 9999, "level0_height": 8888}
    with h5py.File(path, "w") as file:
        for key, value in (("features", features), ("coords", COORDS)):
            shape = value.shape
            dataset = file.create_dataset(
                key, shape, maxshape=(None, *shape[1:]), chunks=(1, *shape[1:]), dtype=value.dtype
            )
            dataset[:] = value
        file["features"].attrs.update({"name": path.stem, "savetodir": "x", "encoder": "uni_v1"} | told)
        file["coords"].attrs.update(attrs)
    return path


def stamp(path, version="2.4.0", **attrs):
    """As STAMP's `preprocess`: half-precision features, micrometres in single precision."""
    told = {"stamp_version": version, "extractor": "uni2", "unit": "um", "tile_size_um": 128.0}
    told |= {"tile_size_px": 224, "code_hash": "abcd1234", "feat_type": "tile"} | attrs
    with h5py.File(path, "w") as file:
        file["coords"] = (COORDS * 0.25).astype(np.float32)
        file["feats"] = FEATURES.astype(np.float16)
        file.attrs.update({key: value for key, value in told.items() if value is not None})
    return path


def clam(path, with_attrs=False):
    """As CLAM's `save_hdf5`: chunks of 32 rows; only its patch files carry attributes."""
    with h5py.File(path, "w") as file:
        for key, value in (("features", FEATURES), ("coords", COORDS.astype(np.int32))):
            file.create_dataset(
                key, data=value, maxshape=(None, *value.shape[1:]), chunks=(32, *value.shape[1:])
            )
        if with_attrs:
            file["coords"].attrs.update({"patch_size": 256, "patch_level": 1, "downsample": (4.0, 4.0)})
    return path


def test_trident(tmp_path):
    bag = read_features(trident(tmp_path / "s.h5"))
    assert (bag.form, bag.attrs.encoder, bag.attrs.tile_px) == ("trident", "uni_v1", 256)
    assert np.array_equal(bag.features, FEATURES)
    assert np.array_equal(bag.coords, COORDS)
    assert bag.located.patch_size_level0 == 512
    assert read_features(trident(tmp_path / "n.h5", encoder="None")).attrs.encoder is None
    assert read_features(trident(tmp_path / "b.h5", FEATURES[None])).features.shape == (N, DIM)


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_stamp_is_placed_by_the_slide_s_pixel_size(tmp_path, mpp):
    bag = read_features(stamp(tmp_path / "s.h5"), Stated(slide_mpp=mpp))
    assert (bag.form, bag.attrs.encoder) == ("stamp", "uni_v2")
    assert (bag.attrs.tile_um, bag.attrs.tile_px) == (128.0, 224)
    assert bag.attrs.target_mpp == pytest.approx(128 / 224)
    assert np.array_equal(bag.coords, np.rint(COORDS * 0.25 / mpp))
    assert bag.features == pytest.approx(FEATURES, abs=2e-3)


def test_stamp_without_pixel_size_keeps_micrometres(tmp_path):
    bag = read_features(stamp(tmp_path / "s.h5"))
    assert not bag.has_coords
    assert "um/px is not known" in bag.unplaced
    assert bag.coords_um == pytest.approx(COORDS * 0.25)


def test_stamp_2_0_calls_the_size_differently(tmp_path):
    bag = read_features(
        stamp(tmp_path / "s.h5", "2.0.0", tile_size_um=None, tile_size=256.0), Stated(slide_mpp=0.25)
    )
    assert bag.attrs.tile_um == 256
    assert np.array_equal(bag.coords, COORDS)


def test_stamp_s_virchow_is_not_the_catalogue_s(tmp_path):
    assert read_features(stamp(tmp_path / "a.h5", extractor="virchow-full")).attrs.encoder == "virchow"
    assert read_features(stamp(tmp_path / "b.h5", extractor="virchow")).attrs.encoder == "virchow-class-token"


def test_legacy_stamp_is_placed_only_with_its_unit_stated(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file["feats"], file["coords"] = FEATURES.astype(np.float16), np.arange(2 * N).reshape(N, 2) * 224
    silent = read_features(path, Stated(slide_mpp=0.5))
    assert not silent.has_coords
    assert "--unit" in silent.unplaced
    told = read_features(path, Stated(unit=256 / 224, slide_mpp=0.5))
    assert np.array_equal(told.coords, np.arange(2 * N).reshape(N, 2) * 512)
    assert np.array_equal(read_features(path, Stated(unit="px")).coords, np.arange(2 * N).reshape(N, 2) * 224)


def test_features_of_whole_slides_are_no_bag(tmp_path):
    with pytest.raises(InputError, match="whole slide"):
        read_features(stamp(tmp_path / "s.h5", feat_type="slide"))


def test_clam(tmp_path):
    bag = read_features(clam(tmp_path / "s.h5"))
    assert bag.form == "clam"
    assert np.array_equal(bag.coords, COORDS)
    assert bag.attrs == StoreAttrs()
    assert read_features(clam(tmp_path / "a.h5", with_attrs=True)).located.patch_size_level0 == 1024


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_tensor_files(torch, tmp_path, dtype):
    tensor = torch.tensor(FEATURES).to(getattr(torch, dtype))
    torch.save(tensor, tmp_path / "s.pt")
    bag = read_features(tmp_path / "s.pt")
    assert bag.features.dtype == np.float32
    assert np.array_equal(bag.features, tensor.float().numpy())
    assert not bag.has_coords
    assert read_attrs(tmp_path / "s.pt") == (StoreAttrs(), N)


def test_views_and_shared_storages(torch, tmp_path):
    whole = torch.tensor(np.arange(200, dtype=np.float32)).view(20, 10)
    torch.save({"features": whole[3:15:2, 1:8].t(), "coords": whole.long()[:7, :2]}, tmp_path / "s.pt")
    bag = read_features(tmp_path / "s.pt", Stated(unit="px"))
    assert np.array_equal(bag.features, whole[3:15:2, 1:8].t().numpy())
    assert np.array_equal(bag.coords, whole.long()[:7, :2].numpy())


def test_clam_s_tensors_find_their_coordinates(torch, tmp_path):
    for folder in ("h5_files", "pt_files"):
        (tmp_path / folder).mkdir()
    clam(tmp_path / "h5_files" / "s.h5")
    torch.save(torch.tensor(FEATURES), tmp_path / "pt_files" / "s.pt")
    bag = read_features(tmp_path / "pt_files" / "s.pt")
    assert np.array_equal(bag.coords, COORDS)


def test_slideflow(torch, tmp_path):
    """`to_torch`: a tensor, its index with the tiles' centres, the folder's settings."""
    torch.save(torch.tensor(FEATURES), tmp_path / "s.pt")
    with (tmp_path / "s.index.npz").open("wb") as file:
        np.savez(file, COORDS + 256)
    config = {
        "extractor": {"class": "slideflow.model.extractors.ctranspath.CTransPathFeatures", "kwargs": {}}
    }
    config |= {"tile_px": 224, "tile_um": 128, "normalizer": None}
    (tmp_path / "bags_config.json").write_text(json.dumps(config))
    bag = read_features(tmp_path / "s.pt", Stated(slide_mpp=0.25))
    assert (bag.form, bag.attrs.encoder, bag.attrs.tile_um) == ("slideflow", "ctranspath", 128)
    assert np.array_equal(bag.coords, COORDS)
    assert "centres" in read_features(tmp_path / "s.pt").unplaced
    (tmp_path / "bags_config.json").write_text("{}")
    with pytest.raises(InputError, match="bags_config"):
        read_features(tmp_path / "s.pt")


class _Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def _torch_zip(path, description, storage=b"\0" * 64):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", description)
        archive.writestr("archive/data/0", storage)
    return path


def test_hostile_files_run_nothing(torch, tmp_path):
    sign = tmp_path / "was_run"
    torch.save({"features": torch.zeros(2, 2), "x": _Payload(sign)}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(_Payload(sign)))
    _torch_zip(tmp_path / "c.pt", pickle.dumps(_Payload(sign), protocol=2))
    _torch_zip(tmp_path / "d.pt", b"cbuiltins\neval\n(S'1'\ntR.")
    _torch_zip(tmp_path / "e.pt", b"ctorch._utils\n_rebuild_tensor_v2\n(I1\nI2\nI3\ntR.")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "f.pt")
    for name in "abcdef":
        with pytest.raises(InputError, match="not a torch file of plain tensors"):
            read_features(tmp_path / f"{name}.pt")
    assert not sign.exists()


def test_tensors_larger_than_their_storage_are_refused(torch, tmp_path):
    path = tmp_path / "s.pt"
    torch.save(torch.zeros(4, 4), path)
    with zipfile.ZipFile(path) as archive:
        description = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    grown = description.replace(b"K\x04K\x04\x86", b"M" + struct.pack("<H", 60000) + b"K\x04\x86")
    assert grown != description
    with pytest.raises(InputError, match="larger than its storage"):
        read_features(_torch_zip(path, grown))
    with pytest.raises(InputError, match="not a torch file"):
        read_features(_torch_zip(path, description, b"\0" * 7))


def test_damaged_tensor_files_are_told(torch, tmp_path):
    torch.save(torch.tensor(FEATURES), tmp_path / "s.pt")
    whole = (tmp_path / "s.pt").read_bytes()
    for kept in (0, 10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "s.pt").write_bytes(whole[:kept])
        with pytest.raises(InputError, match="not a torch file"):
            read_features(tmp_path / "s.pt")
    torch.save([1, 2], tmp_path / "s.pt")
    with pytest.raises(InputError, match="not a torch file"):
        read_features(tmp_path / "s.pt")


def _trident_reader(path):
    """TRIDENT's and CLAM's data sets: features and coords by name, attributes as a dictionary."""
    with h5py.File(path, "r") as file:
        attrs = dict(file["coords"].attrs)
        step = int(attrs["patch_size_level0"])
        return file["features"][:], file["coords"][:], step, dict(file["features"].attrs)["encoder"]


def _stamp_reader(path):
    """STAMP's `get_coords`: micrometres where `tile_size_um` stands."""
    with h5py.File(path, "r") as file:
        assert file.attrs["unit"] == "um"
        return file["feats"][:], file["coords"][:], float(file.attrs["tile_size_um"]), file.attrs["extractor"]


@pytest.fixture
def own(tmp_path):
    attrs = StoreAttrs("uni_v1", "ab" * 32, 0.5, 0.25, 128.0, 256, 0.25, False, 1234, 0)
    located = CoordsAttrs(512, 40.0, 20.0, 9999, 8888, "s")
    write_features(tmp_path / "own" / "s.h5", FEATURES, COORDS, attrs, located)
    return tmp_path / "own"


def test_round_trips(own, tmp_path, capsys):
    places = [own]
    for form in ("stamp", "trident", "tumorcast"):
        out = tmp_path / form
        command = ["slides", "convert", str(places[-1]), "--to", form, "--out", str(out), "--quiet"]
        assert main([*command, "--slide-mpp", "0.25"]) == 0
        places.append(out)
    features, coords, um, extractor = _stamp_reader(places[1] / "s.h5")
    assert (um, extractor, features.dtype, coords.dtype) == (128.0, "uni_v1", np.float16, np.float32)
    features, coords, step, encoder = _trident_reader(places[2] / "s.h5")
    assert (step, encoder) == (512, "uni_v1")
    assert np.array_equal(coords, COORDS)
    assert features == pytest.approx(FEATURES, abs=2e-3)
    last = read_features(places[3] / "s.h5")
    assert np.array_equal(last.coords, COORDS)
    assert (last.attrs.encoder, last.attrs.slide_mpp, last.attrs.tile_px) == ("uni_v1", 0.25, 256)


def test_one_bad_file_does_not_stop_the_others(own, tmp_path, capsys):
    (own / "deep").mkdir()
    (own / "deep" / "bad.h5").write_bytes(b"nothing")
    with h5py.File(own / "old.h5", "w") as file:
        file["feats"], file["coords"] = FEATURES, COORDS
    command = ["slides", "convert", str(own), "--to", "trident", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(command) == 1
    told = capsys.readouterr().out
    assert "1 ok, 0 skipped, 2 failed" in told
    assert "--unit" in told
    report = (tmp_path / "out" / "convert_report.csv").read_text()
    assert "deep/bad.h5" in report
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.h5")) == ["s.h5"]
    assert main(command) == 1
    assert "0 ok, 1 skipped, 2 failed" in capsys.readouterr().out


@pytest.mark.parametrize("unit", ["feet", "-1", "0", "nan"])
def test_units_that_are_none(own, tmp_path, unit, capsys):
    command = ["slides", "convert", str(own), "--to", "stamp", "--out", str(tmp_path / "out"), "--unit", unit]
    assert main(command) == 2
    assert "--unit is no unit" in capsys.readouterr().err
