"""Embeddings of whole slides as tools write them are read as bags of one row, bound to their encoder."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from toy_lab import toy_study
from tumorcast.cli.main import main
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import load_bags
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError
from tumorcast.slides.bag import CoordsAttrs, StoreAttrs
from tumorcast.slides.slide_encoders import is_named, is_of_slides, slide_encoder_id
from tumorcast.slides.store import read_attrs, read_features, write_features

DIM = 12
VECTOR = np.random.default_rng(0).normal(size=DIM).astype(np.float32)


def trident(path: Path, vector: np.ndarray = VECTOR) -> Path:
    """As TRIDENT's slide features: one vector, the places of all tiles, no name of the encoder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["features"] = vector
        file["coords"] = np.arange(14).reshape(7, 2)
        file["features"].attrs.update({"name": path.stem, "savetodir": str(path.parent)})
        file["coords"].attrs.update({"patch_size_level0": 1024, "level0_magnification": 40})
    return path


def stamp(path: Path, encoder: str = "titan") -> Path:
    """As STAMP's slide encoding: half precision, the kind of features in an attribute."""
    with h5py.File(path, "w") as file:
        file["feats"] = VECTOR[None].astype(np.float16)
        file.attrs.update({"stamp_version": "2.4.0", "encoder": encoder, "feat_type": "slide"})
    return path


def test_every_form_gives_one_row_and_its_encoder(tmp_path):
    np.savez(tmp_path / "a.npz", features=VECTOR, encoder="my-encoder", tile_encoder="uni2-h")
    np.savez(tmp_path / "b.npz", features=VECTOR[None])
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["features"] = VECTOR[None]
        file["features"].attrs["slide_encoder"] = "CHIEF"
    expected = {
        trident(tmp_path / "slide_features_titan" / "S1.h5"): "slide:titan/conch_v15",
        trident(tmp_path / "elsewhere" / "S1.h5"): "slide:unknown",
        stamp(tmp_path / "S1.h5", "prism"): "slide:prism/virchow",
        tmp_path / "a.npz": "slide:my-encoder/uni_v2",
        tmp_path / "b.npz": "slide:unknown",
        tmp_path / "c.h5": "slide:chief/ctranspath",
    }
    for path, encoder in expected.items():
        for stays in (False, True):
            bag = read_features(path, stay_in_file=stays)
            np.testing.assert_allclose(bag.features, VECTOR[None], atol=1e-2)
            assert bag.features.dtype == np.float32
            assert (bag.coords == -1).all()
            assert bag.attrs.encoder == encoder
            assert "no tiles" in (bag.unplaced or "")
        assert read_attrs(path) == (StoreAttrs(encoder=encoder), 1)


def test_a_bag_of_one_tile_stays_a_bag_of_tiles(tmp_path):
    path = tmp_path / "S1.h5"
    write_features(
        path, VECTOR[None], np.array([[3, 4]]), StoreAttrs(encoder="gigapath", tile_um=128.0), CoordsAttrs()
    )
    bag = read_features(path)
    assert bag.attrs.encoder == "gigapath"
    assert bag.coords.tolist() == [[3, 4]]


def test_an_encoder_of_slides_is_not_the_tile_encoder_of_its_name():
    assert slide_encoder_id("gigapath") == "slide:gigapath/gigapath"
    assert slide_encoder_id("Prov_GigaPath", None) != slide_encoder_id("gigapath")
    assert is_of_slides(slide_encoder_id("titan"))
    assert not is_of_slides("gigapath")
    assert not is_of_slides(None)
    assert not is_named(slide_encoder_id(None))


@pytest.mark.parametrize("bad", [np.zeros((2, 3, 4)), np.zeros(0), np.array(["a"])])
def test_what_is_no_vector_is_refused(tmp_path, bad):
    np.savez(tmp_path / "x.npz", features=bad)
    with pytest.raises(InputError, match="no vector"):
        read_features(tmp_path / "x.npz")


def test_archives_that_cannot_be_read_say_so(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "y.npz", other=VECTOR)
    np.savez(tmp_path / "z.npz", features=np.array([{"a": 1}], dtype=object))
    for name in ("x", "y", "z", "w"):
        with pytest.raises(InputError):
            read_features(tmp_path / f"{name}.npz")


def cohort_of(folder: Path, paths: list[Path]):
    study = toy_study(folder)
    slides = study.slides.head(len(paths)).assign(path=[str(path) for path in paths])
    from dataclasses import replace

    study = replace(study, slides=pd.DataFrame(slides))
    return load_bags(assemble(study, DataConfig(study=folder)))


def test_in_a_cohort_embeddings_of_one_encoder_are_used_and_others_left_out(tmp_path):
    paths = [trident(tmp_path / "slide_features_titan" / f"S{i}.h5") for i in range(3)]
    paths.append(trident(tmp_path / "slide_features_madeleine" / "S3.h5"))
    paths.append(trident(tmp_path / "slide_features_titan" / "S4.h5", VECTOR[:5]))
    nameless = tmp_path / "S5.h5"
    write_features(nameless, np.stack([VECTOR] * 4), np.zeros((4, 2)), StoreAttrs(), CoordsAttrs())
    bags, cohort = cohort_of(tmp_path, [*paths, nameless])
    assert sorted(bags) == sorted(cohort.courses.index[cohort.is_present["slide"]])
    assert len(bags) == 3
    assert {len(bag.features) for bag in bags.values()} == {1}
    reasons = {note.id: note.reason for note in cohort.report if note.kind == "slide"}
    assert reasons == {"S3": "encoder_mismatch", "S4": "width_mismatch", "S5": "encoder_mismatch"}


def test_embeddings_are_not_converted_to_bags_of_tiles(tmp_path, capsys):
    trident(tmp_path / "in" / "slide_features_titan" / "S1.h5")
    main(["slides", "convert", str(tmp_path / "in"), "--to", "trident", "--out", str(tmp_path / "out")])
    report = (tmp_path / "out" / "convert_report.csv").read_text(encoding="utf-8")
    assert "embedding of a whole slide" in report


def test_encoders_of_slides_are_listed_with_their_licences(capsys):
    assert main(["encoders", "--of-slides"]) == 0
    listed = capsys.readouterr().out
    docs = (Path(__file__).parents[2] / "docs" / "encoders.md").read_text(encoding="utf-8")
    assert listed.strip() in docs
    assert main(["encoders", "titan"]) == 0
    assert "slide:titan/conch_v15" in capsys.readouterr().out
