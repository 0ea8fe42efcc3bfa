"""A prepared cohort is the cohort: nothing lost, damaged files listed, stopped anywhere it goes on."""

from __future__ import annotations

import dataclasses
import os
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from cohort.test_assemble import make_study
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import load_bags
from tumorcast.cohort.prepared import shards as shard_room
from tumorcast.cohort.prepared import writing
from tumorcast.cohort.prepared.manifest import write_manifest
from tumorcast.cohort.prepared.opening import damaged_bags, damaged_files, open_prepared
from tumorcast.cohort.prepared.writing import Preparation, prepare
from tumorcast.cohort.simulate.build import simulate_study
from tumorcast.config import load_config
from tumorcast.domain.errors import ConfigError, InputError, LeakageError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.write_study import write_study
from tumorcast.slides.stored_rows import rows_digest
from tumorcast.training.workspace import find_duplicates, open_workspace

QUICK = Preparation(find_duplicates, shard_bytes=100_000)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "study"
    return simulate_study(folder, n_patients=40, seed=5, features_only=True, progress=False)


@pytest.fixture
def own_study(study, tmp_path) -> Path:
    """One that a test may damage."""
    return Path(shutil.copytree(study, tmp_path / "study"))


def config_of(study: Path, *words: str):
    return load_config(["name=run", f"data.study={study}", *words])


def plain(config):
    cohort = assemble(read_study(config.data.study), config.data, config.model.heads)
    return load_bags(cohort)


def bags_of(study: Path) -> list[Path]:
    return sorted(study.rglob("*.h5"))


def frames(cohort) -> dict[str, pd.DataFrame]:
    return {
        "courses": cohort.courses, "clinical": cohort.clinical, "people": cohort.people, "slides": cohort.slides,
        "is_present": cohort.is_present, "variants": cohort.variants, "tmb": cohort.tmb.to_frame("tmb"),
        "n": cohort.n_nonsynonymous.to_frame("n"), **cohort.layers,
    }  # fmt: skip


def test_the_prepared_cohort_is_the_cohort(study, tmp_path):
    config = config_of(study)
    bags, cohort = plain(config)
    told = prepare(config, tmp_path / "out", QUICK)
    opened = open_prepared(config, tmp_path / "out")
    assert len(told.shards) > 1
    for name, frame in frames(cohort).items():
        keep_index = name not in ("slides", "variants")
        expected = frame if keep_index else frame.reset_index(drop=True)
        pd.testing.assert_frame_equal(
            frames(opened.cohort)[name], expected, check_names=False, check_column_type=False
        )
    assert opened.cohort.digest == cohort.digest
    assert opened.cohort.origin == "simulated"
    assert opened.cohort.survival == cohort.survival != ""
    assert sorted(map(repr, opened.cohort.report)) == sorted(map(repr, cohort.report))
    assert list(opened.bags) == list(bags)
    for course_id, bag in bags.items():
        found = opened.bags[course_id]
        assert found.features.dtype == np.float16
        assert np.array_equal(np.asarray(found.features, np.float32), np.asarray(bag.features))
        assert np.array_equal(found.coords, bag.coords)
        assert tuple(found.slide_ids) == tuple(bag.slide_ids)
        assert found.slide_ids[-1] == bag.slide_ids[-1]
        assert found.encoder == bag.encoder
        np.testing.assert_allclose(found.features.mean(axis=0), bag.features.mean(axis=0), atol=1e-4)
    assert list(opened.pairs) == find_duplicates(cohort, bags)


def test_opening_touches_no_slide(own_study, tmp_path):
    config = config_of(own_study)
    prepare(config, tmp_path / "out", QUICK)
    for path in bags_of(own_study):
        path.unlink()
    opened = open_prepared(config, tmp_path / "out")
    assert all(np.isfinite(bag.features[:]).all() for bag in opened.bags.values())


def damage(paths: list[Path]) -> dict[str, str]:
    """Each file another way: slide id -> the reason expected."""
    truncated, empty, text, no_tile, infinite, wide, other, lost = paths[:8]
    truncated.write_bytes(truncated.read_bytes()[: truncated.stat().st_size // 2])
    empty.write_bytes(b"")
    text.write_text("no bag", encoding="utf-8")
    with h5py.File(no_tile, "w") as file:
        file["features"] = np.zeros((0, 64), np.float16)
    with h5py.File(infinite, "r+") as file:
        file["features"][0, 3] = np.nan
    with h5py.File(wide, "w") as file:
        file["features"] = np.zeros((4, 65), np.float16)
    with h5py.File(other, "r+") as file:
        file["features"].attrs["encoder"] = "another"
    with h5py.File(lost, "w") as file:
        file["nothing"] = np.zeros(3)
    expected = [
        "unreadable", "unreadable", "unreadable", "unusable_features", "unusable_features", "width_mismatch",
        "encoder_mismatch", "unreadable",
    ]  # fmt: skip
    return {path.stem: reason for path, reason in zip(paths, expected)}


def test_damaged_files_are_listed_and_the_rest_is_kept(own_study, tmp_path):
    config = config_of(own_study)
    used = plain(config)[1].slides["feature_path"].drop_duplicates()
    expected = damage([Path(path) for path in used[2:]])
    bags, cohort = plain(config)
    told = prepare(config, tmp_path / "out", QUICK)
    listed = pd.read_csv(tmp_path / "out" / "left_out.csv")
    slides = listed[listed["kind"] == "slide"]
    assert dict(zip(slides["id"], slides["reason"])) == expected
    assert sum(told.left_out[f"slide: {reason}"] for reason in set(expected.values())) == len(expected)
    opened = open_prepared(config, tmp_path / "out")
    assert list(opened.bags) == list(bags)
    assert opened.cohort.is_present.equals(cohort.is_present)
    for course_id, bag in bags.items():
        assert np.array_equal(np.asarray(opened.bags[course_id].features, np.float32), bag.features)


def test_a_damaged_slide_between_two_of_one_course_leaves_both(tmp_path):
    for name, value in (("a", 1), ("b", np.nan), ("c", 3)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["features"] = np.full((3, 4), value, np.float32)
    slides = pd.DataFrame({"slide_id": list("abc"), "sample_id": "A1", "mpp": np.nan})
    slides["path"] = [str(tmp_path / f"{name}.h5") for name in "abc"]
    write_study(make_study(slides=slides), tmp_path / "study")
    config = config_of(tmp_path / "study", "data.modalities=[slide,clinical]")
    with pytest.raises(InputError, match=r"too many slides(.|\n)*1 of 3"):
        prepare(config, tmp_path / "out", QUICK)
    prepare(config, tmp_path / "out", replace(QUICK, most_lost=0.5))
    bag = open_prepared(config, tmp_path / "out").bags["A-L1"]
    assert bag.features[:][:, 0].tolist() == [1, 1, 1, 3, 3, 3]
    assert bag.features[np.array([4, 1])][:, 0].tolist() == [3, 1]
    assert bag.features.mean(axis=0).tolist() == [2, 2, 2, 2]
    assert tuple(bag.slide_ids) == ("a",) * 3 + ("c",) * 3


class Stopped(BaseException):
    """A kill."""


def test_stopped_anywhere_it_goes_on_and_leaves_whole_shards_alone(study, tmp_path, monkeypatch):
    config = config_of(study)
    prepare(config, tmp_path / "whole", QUICK)
    original, calls = shard_room._write_slides, 0

    def stops(task):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Stopped
        return original(task)

    monkeypatch.setattr(shard_room, "_write_slides", stops)
    with pytest.raises(Stopped):
        prepare(config, tmp_path / "out", QUICK)
    with pytest.raises(InputError, match="no prepared cohort"):
        open_prepared(config, tmp_path / "out")
    first = min(tmp_path.glob("out/tiles-0000-*[!s].npy"))
    before = first.stat().st_mtime_ns
    prepare(config, tmp_path / "out", QUICK)
    assert first.stat().st_mtime_ns == before
    names = [
        sorted(p.relative_to(tmp_path / k).as_posix() for p in (tmp_path / k).rglob("*"))
        for k in ("whole", "out")
    ]
    assert names[0] == names[1]
    for name in names[0]:
        if (tmp_path / "out" / name).is_file():
            assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    calls = 1
    prepare(config, tmp_path / "out", QUICK)
    assert calls == 1


def test_other_settings_or_another_study_are_refused(own_study, tmp_path):
    config = config_of(own_study)
    prepare(config, tmp_path / "out", QUICK)
    with pytest.raises(ConfigError, match="tissue_days_before"):
        open_prepared(config_of(own_study, "data.tissue_days_before=9"), tmp_path / "out")
    with pytest.raises(ConfigError, match="heads"):
        prepare(config_of(own_study, "model.heads=[survival]"), tmp_path / "out", QUICK)
    open_prepared(config_of(own_study, "data.max_expression_genes=9"), tmp_path / "out")
    table = own_study / "data_clinical_patient.txt"
    os.utime(table)
    open_prepared(config, tmp_path / "out")
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("5", "6"), encoding="utf-8")
    with pytest.raises(ConfigError, match="has changed"):
        open_prepared(config, tmp_path / "out")


def test_damage_after_the_preparation_is_found(study, tmp_path):
    config = config_of(study)
    prepare(config, tmp_path / "out", QUICK)
    assert damaged_bags(tmp_path / "out") == []
    courses = open_prepared(config, tmp_path / "out").cohort.courses
    course_id = next(iter(courses.index[~courses["patient_id"].duplicated(keep=False)]))
    copy = Path(shutil.copytree(tmp_path / "out", tmp_path / "copy"))
    path = min(copy.glob("tiles-0000-*[!s].npy"))
    content = bytearray(path.read_bytes())
    table = open_prepared(config, copy).bags[course_id].features.tables[0]
    content[128 + 2 * table.first * table.shape[1]] ^= 1
    path.write_bytes(content)
    assert damaged_bags(copy) == [course_id]
    path.write_bytes(content[:-2])
    with pytest.raises(InputError, match="another size"):
        open_prepared(config, copy)


def test_single_precision_is_rounded_and_held_in_range(tmp_path):
    values = np.array([[0.1, 1e6, -1e6, 3]], np.float32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["features"] = values
    slides = pd.DataFrame(
        {"slide_id": ["a"], "sample_id": "A1", "mpp": np.nan, "path": str(tmp_path / "a.h5")}
    )
    write_study(make_study(slides=slides), tmp_path / "study")
    config = config_of(tmp_path / "study", "data.modalities=[slide,clinical]")
    told = prepare(config, tmp_path / "out", QUICK)
    rows = open_prepared(config, tmp_path / "out").bags["A-L1"].features[:]
    assert rows.tolist() == [[np.float16(0.1), 65504, -65504, 3]]
    assert told.left_out["slide: rounded_to_half"] == 1


def test_slides_that_are_away_are_no_cohort_of_none(own_study, tmp_path):
    for path in bags_of(own_study):
        path.unlink()
    with pytest.raises(InputError, match=r"too many slides(.|\n)*not_encoded"):
        prepare(config_of(own_study), tmp_path / "out", QUICK)


def test_a_full_disk_is_no_damaged_slide(study, tmp_path, monkeypatch):
    config = config_of(study)
    original = shard_room._write_slides
    monkeypatch.setattr(shard_room, "_write_slides", lambda task: original((Path("/dev/full"), *task[1:])))
    with pytest.raises(InputError, match="cannot be prepared"):
        prepare(config, tmp_path / "out", QUICK)


def test_a_slide_that_could_not_be_read_for_once_is_tried_again(study, tmp_path, monkeypatch):
    config = config_of(study)
    prepare(config, tmp_path / "whole", QUICK)
    original, calls = shard_room.read_features, 0

    def fails_once(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError
        return original(*arguments, **options)

    def stops(*_):
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(shard_room, "read_features", fails_once)
        patched.setattr(writing, "index_bags", stops)
        with pytest.raises(Stopped):
            prepare(config, tmp_path / "out", QUICK)
    told = prepare(config, tmp_path / "out", QUICK)
    assert told.tiles == prepare(config, tmp_path / "whole", QUICK).tiles
    assert damaged_bags(tmp_path / "out") == []


def test_a_folder_finished_by_another_meanwhile_is_left(study, tmp_path, monkeypatch):
    config = config_of(study)
    prepare(config, tmp_path / "out", QUICK)
    manifest = tmp_path / "out" / "manifest.json"
    hidden = manifest.rename(tmp_path / "hidden")

    def claimed_late(*_):
        hidden.rename(manifest)
        return True

    monkeypatch.setattr(writing.Leases, "claim", claimed_late)
    monkeypatch.setattr(writing, "_prepare", lambda *_: pytest.fail("written again"))
    prepare(config, tmp_path / "out", QUICK)


def test_digests_of_wide_values_do_not_depend_on_where_they_lie():
    wide = np.array([[7e4, -7e4, 1.0]], np.float32)
    assert rows_digest(wide) == rows_digest(np.array([[65504, -65504, 1]], np.float16))


@pytest.mark.parametrize("stay_in_files", [True, False])
def test_one_bad_chunk_leaves_one_slide_out(tmp_path, stay_in_files):
    for name in "ab":
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            made = file.create_dataset("features", data=np.ones((8, 4)), chunks=(2, 4), compression="gzip")
            place = made.id.get_chunk_info(3).byte_offset
    content = bytearray((tmp_path / "b.h5").read_bytes())
    content[place : place + 4] = b"\0\0\0\0"
    (tmp_path / "b.h5").write_bytes(content)
    slides = pd.DataFrame({"slide_id": list("ab"), "sample_id": "A1", "mpp": np.nan})
    slides["path"] = [str(tmp_path / f"{name}.h5") for name in "ab"]
    write_study(make_study(slides=slides), tmp_path / "study")
    config = config_of(tmp_path / "study", "data.modalities=[slide,clinical]")
    cohort = assemble(read_study(config.data.study), config.data, config.model.heads)
    bags, cohort = load_bags(cohort, stay_in_files=stay_in_files)
    assert set(bags["A-L1"].slide_ids) == {"a"}
    assert ("b", "unreadable") in [(note.id, note.reason) for note in cohort.report]


def test_a_study_that_changes_while_it_is_prepared_is_refused(own_study, tmp_path, monkeypatch):
    config, original = config_of(own_study, "data.modalities=[clinical]"), writing.assemble

    def edited(*arguments):
        with (own_study / "data_clinical_patient.txt").open("a", encoding="utf-8") as file:
            file.write("\n")
        return original(*arguments)

    monkeypatch.setattr(writing, "assemble", edited)
    with pytest.raises(InputError, match=r"changed while(.|\n)*data_clinical_patient.txt"):
        prepare(config, tmp_path / "out", QUICK)


@pytest.mark.parametrize("name", ["case_lists/cases_new.txt", "meta_new.txt", "slides.csv"])
def test_a_new_file_of_the_study_is_noticed(own_study, tmp_path, name):
    (own_study / "slides.csv").unlink()
    config = config_of(own_study, "data.modalities=[clinical]")
    prepare(config, tmp_path / "out", QUICK)
    (own_study / name).parent.mkdir(exist_ok=True)
    (own_study / name).write_text("new", encoding="utf-8")
    with pytest.raises(ConfigError, match=name):
        open_prepared(config, tmp_path / "out")


def test_features_of_another_encoder_beside_a_prepared_cohort_are_refused(study, tmp_path):
    prepare(config_of(study), tmp_path / "out", QUICK)
    config = config_of(study, f"data.features={tmp_path / 'conch'}")
    open_prepared(config, tmp_path / "out")
    (tmp_path / "conch").mkdir()
    with h5py.File(tmp_path / "conch" / "a.h5", "w") as file:
        file["features"] = np.zeros((3, 512), np.float16)
    with pytest.raises(ConfigError, match="512 wide"):
        open_prepared(config, tmp_path / "out")


def test_another_version_is_refused(study, tmp_path):
    config = config_of(study, "data.modalities=[clinical]")
    told = prepare(config, tmp_path / "out", QUICK)
    write_manifest(tmp_path / "out", told.model_copy(update={"tumorcast": "0.0.1"}))
    with pytest.raises(InputError, match="another version"):
        open_prepared(config, tmp_path / "out")


def test_damaged_tables_are_found(study, tmp_path):
    config = config_of(study)
    prepare(config, tmp_path / "out", QUICK)
    assert damaged_files(tmp_path / "out") == []
    for path in (
        tmp_path / "out" / "tables" / "is_present.npy",
        min((tmp_path / "out").glob("*.coords.npy")),
    ):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        assert path.relative_to(tmp_path / "out").as_posix() in damaged_files(tmp_path / "out")
        with pytest.raises(InputError, match="another content"):
            open_prepared(config, tmp_path / "out")
        content[-1] ^= 1
        path.write_bytes(content)


def test_what_cannot_be_kept_is_found_before_the_tiles_are_written(study, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "write_shards", lambda *_: pytest.fail("hours of writing"))
    original = writing.assemble

    def odd(*arguments):
        cohort = original(*arguments)
        return dataclasses.replace(cohort, courses=cohort.courses.assign(odd=[{}] * len(cohort.courses)))

    monkeypatch.setattr(writing, "assemble", odd)
    with pytest.raises(TypeError):
        prepare(config_of(study), tmp_path / "out", QUICK)
    monkeypatch.setattr(writing, "assemble", original)
    monkeypatch.setattr(writing, "record_of", lambda *_: (_ for _ in ()).throw(LeakageError("tuned")))
    with pytest.raises(LeakageError):
        prepare(config_of(study), tmp_path / "out", QUICK)


def test_a_run_does_not_go_on_with_other_features(own_study, tmp_path):
    config = config_of(own_study, f"runs={tmp_path / 'runs'}")
    cohort = open_workspace(config).cohort
    open_workspace(config)
    with h5py.File(cohort.slides["feature_path"].iloc[0], "r+") as file:
        file["features"][0, 0] += 1
    with pytest.raises(ConfigError, match="differs in features"):
        open_workspace(config)
