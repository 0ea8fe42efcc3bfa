"""The kit on a bundle that knows its training patients: verification, control slide, drift, slides scanned twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from site_lab import Scanner, SiteLab, draw_slide, make_site_lab, site_study
from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.drift import judge_drift
from tumorcast.lab.errors import ConflictError
from tumorcast.lab.site.control import make_control
from tumorcast.lab.site.control_log import control_status, note_run, register_control, retire_control
from tumorcast.lab.site.criteria import DEFAULT
from tumorcast.lab.site.incoming import drift_of, keep_numbers, numbers_of_study, numbers_since, spreads_for
from tumorcast.lab.site.ledger import LEDGER_NAME
from tumorcast.lab.site.rescan import read_pairs, rescan_slides, rescan_study
from tumorcast.lab.site.verify import verify
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.predict import Request
from tumorcast.serve.slide_reading import SlideReading, read_slides

SHIFTED = Scanner(gamma=1.25, gain=0.96)
pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteLab:
    return make_site_lab(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def bundle(site: SiteLab) -> Bundle:
    return load_bundle(site.bundle)


@pytest.fixture(scope="module")
def scans(site: SiteLab, bundle: Bundle) -> list[SlideReading]:
    """Twelve scans of one glass, one of it when all is well, one of a changed scanner."""
    folder = site.folder / "scans"
    paths = [draw_slide(folder / f"s{k}.svs", 999, k) for k in range(13)]
    paths.append(draw_slide(folder / "bad.svs", 999, 99, SHIFTED))
    return read_slides(bundle, paths, site.folder / "scan_features", 1.0)


def _request(site: SiteLab, name: str = "site_features") -> Request:
    return Request(site.folder / name)


def test_a_good_model_passes_and_the_look_is_counted(site: SiteLab, tmp_path: Path) -> None:
    ledger = tmp_path / LEDGER_NAME
    made = verify(site.bundle, site.study, _request(site), DEFAULT, ledger)
    assert made.kind == "clinical"
    assert made.figures["repeatability"].value == 0
    assert made.figures["auroc"].low > 0.5
    assert made.own is not None
    assert made.verdict != "fail"
    again = verify(site.bundle, site.study, _request(site), DEFAULT, ledger)
    assert (len(again.standing.earlier), again.is_confirmatory) == (1, True)
    other = DEFAULT.model_copy(update={"fewest_cases": 30})
    assert not verify(site.bundle, site.study, _request(site), other, ledger).is_confirmatory


def test_a_technical_verification_looks_at_no_outcome(site: SiteLab, tmp_path: Path) -> None:
    made = verify(
        site.bundle, site.study, _request(site), DEFAULT, tmp_path / LEDGER_NAME, with_outcomes=False
    )
    assert (made.kind, made.verdict, made.scored.empty) == ("technical", "pass", True)
    assert {j.verdict for j in made.judged if j.measure == "auroc"} == {"not judged"}
    assert json.loads((tmp_path / LEDGER_NAME).read_text(encoding="utf-8"))["looks"] == []


def test_a_machine_that_computes_otherwise_is_found(site: SiteLab, tmp_path: Path) -> None:
    strict = DEFAULT.model_copy(
        update={"criteria": tuple(c.model_copy(update={"is_required": True}) for c in DEFAULT.criteria)}
    )
    first = verify(site.bundle, site.study, _request(site), strict, tmp_path / LEDGER_NAME, None, False)
    path = tmp_path / "reference.csv"
    table = first.predictions.copy()
    table.to_csv(path, index=False)
    same = verify(site.bundle, site.study, _request(site), strict, tmp_path / LEDGER_NAME, path, False)
    assert same.figures["reference"].value < 1e-9
    table.loc[0, "probability"] += 0.01
    table.to_csv(path, index=False)
    other = verify(site.bundle, site.study, _request(site), strict, tmp_path / LEDGER_NAME, path, False)
    assert other.verdict == "fail"


def test_the_command_writes_what_is_signed(
    site: SiteLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    code = main(["site", "verify", str(site.bundle), str(site.study), "--out", str(out)])
    record = json.loads((out / "verification.json").read_text(encoding="utf-8"))
    assert code == (0 if record["verdict"] == "pass" else 1)
    page = (out / "verification.html").read_text(encoding="utf-8")
    assert "SIMULATED MODEL" in page
    assert "Not signed yet" in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert (out / "verification.pdf").read_bytes().startswith(b"%PDF")
    assert not any(name in json.dumps(record) for name in read_study(site.study).patients.index)
    assert main(["site", "plan", str(site.bundle), "--target-width", "0.2"]) == 0


def test_a_control_in_and_out_of_control(lab, bundle: Bundle, scans: list[SlideReading]) -> None:
    store, user = lab.store, lab.doctor
    assert control_status(store) is None
    control = register_control(store, user, bundle, "daily", scans[:12])
    flag = control_status(store)
    assert flag is not None
    assert flag.code == "control_not_run"
    assert note_run(store, user, control.id, scans[12])[1].is_in_control
    assert control_status(store) is None
    lab.clock.now += 86400 * 1.5
    late = control_status(store)
    assert late is not None
    assert late.code == "control_not_run"
    _, bad = note_run(store, user, control.id, scans[13])
    assert not bad.is_in_control
    out = control_status(store)
    assert out is not None
    assert (out.level, out.code) == ("warning", "control_out")
    assert control_status(store, model_id="another") is None
    with pytest.raises(ConflictError):
        register_control(store, user, bundle, "daily", scans[:12])
    retire_control(store, user, control.id, "faded")
    assert control_status(store) is None


def test_a_scan_that_cannot_be_read_is_out_of_control(
    lab, site: SiteLab, bundle: Bundle, scans: list[SlideReading]
) -> None:
    broken = site.folder / "broken.svs"
    broken.write_bytes(b"")
    (reading,) = read_slides(bundle, [broken], site.folder / "broken_features")
    assert reading.problem
    control = register_control(lab.store, lab.doctor, bundle, "daily", scans[:12])
    assert not note_run(lab.store, lab.doctor, control.id, reading)[1].is_in_control


def test_one_file_must_read_the_same(lab, bundle: Bundle, scans: list[SlideReading]) -> None:
    control = register_control(lab.store, lab.doctor, bundle, "file", scans[:1])
    assert note_run(lab.store, lab.doctor, control.id, scans[0])[1].is_in_control
    other = replace(scans[0], probability=scans[0].probability + 1e-3)
    assert not note_run(lab.store, lab.doctor, control.id, other)[1].is_in_control


def test_few_scans_are_no_control(bundle: Bundle, scans: list[SlideReading]) -> None:
    assert bundle.prepared.tiles is not None
    with pytest.raises(InputError, match="too few"):
        make_control("daily", scans[:5], bundle.prepared.tiles.scale)


def test_a_planted_scanner_shift_is_seen_within_twenty_cases(
    lab, site: SiteLab, bundle: Bundle, fake_bundle
) -> None:
    """Cases of one scanner, then of one whose gamma and light changed."""
    normal = numbers_of_study(bundle, read_study(site.study), _request(site))
    changed_study = site_study(site.folder / "S", 20, 9, SHIFTED)
    changed = numbers_of_study(bundle, read_study(changed_study), _request(site, "changed_features"))
    known = spreads_for(bundle, normal)
    assert not judge_drift(normal, spreads_for(bundle)).alarms
    alarms = judge_drift(pd.concat([normal, changed]), known).alarms
    assert alarms
    assert len(normal) < (alarms[0].alarm_after or 0) <= len(normal) + 20
    assert {a.name.split(":")[0] for a in alarms} <= {"slide", "pixels"}


def test_numbers_of_the_lab_s_cases(lab, site: SiteLab, bundle: Bundle, fake_bundle) -> None:
    from tumorcast.lab.site.incoming import CaseNumbers

    store, random = lab.store, np.random.default_rng(0)
    with store.transaction() as connection:
        connection.execute("INSERT INTO cases VALUES ('c1', 'P1', '', '{}', 0, 'x', 0)")
        for k in range(50):
            connection.execute(
                "INSERT INTO jobs (id, case_id, bundle_id, kind, options, state, submitted, submitted_by)"
                " VALUES (?, 'c1', ?, 'predict', '{}', 'done', 0, 'x')",
                (f"j{k}", fake_bundle.id),
            )
    model = bundle.manifest.model_id
    for k in range(50):
        value = {"pixels: glass": float(random.normal(0 if k < 40 else 6))}
        keep_numbers(store, f"j{k}", model, CaseNumbers("scanner A", 0.5, value))
        lab.clock.now += 3600
    assert len(numbers_since(store, model)) == 50
    report = drift_of(store, bundle)
    assert [alarm.name for alarm in report.alarms] == ["pixels: glass"]
    with store.transaction() as connection:
        connection.execute("DELETE FROM cases WHERE id = 'c1'")
    assert numbers_since(store, model).empty


def test_slides_scanned_twice(site: SiteLab, bundle: Bundle) -> None:
    folder = site.folder / "twice"
    same = [(draw_slide(folder / f"{g}.svs", g, 1), folder / f"{g}.svs") for g in range(4)]
    made = rescan_slides(bundle, same, site.folder / "twice_features", mpp=1.0)
    assert made.verdict == "pass"
    assert made.agreement is not None
    assert made.agreement.within.value == 0
    assert made.same_answers is not None
    assert made.same_answers.value == 1
    other = [(a, draw_slide(folder / f"{k}b.svs", k, 2, SHIFTED)) for k, (a, _) in enumerate(same)]
    (folder / "none.svs").write_bytes(b"")
    pairs = [*other, (same[0][0], folder / "none.svs")]
    shifted = rescan_slides(bundle, pairs, site.folder / "other_features", 0.001, 1.0)
    assert (len(shifted.pairs), len(shifted.read)) == (5, 4)
    assert shifted.verdict != "pass"
    assert shifted.worst is not None


def test_a_study_s_pairs(site: SiteLab, bundle: Bundle, tmp_path: Path) -> None:
    study = read_study(site.study)
    few = study.keep([str(p) for p in study.patients.index[:4]])
    copies = few.slides.assign(slide_id=few.slides["slide_id"] + "-2")
    both = replace(few, slides=pd.concat([few.slides, copies], ignore_index=True))
    pairs = pd.DataFrame({"slide_a": few.slides["slide_id"], "slide_b": copies["slide_id"]})
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    made = rescan_study(bundle, both, read_pairs(tmp_path / "pairs.csv"), Request(tmp_path / "features"))
    assert len(made.read) == 4
    assert np.abs(made.read["probability_a"] - made.read["probability_b"]).max() < 1e-9
    for wrong in (
        {"slide_b": "nobody"},
        {"slide_b": pairs["slide_a"][0]},
        {"slide_b": list(pairs["slide_b"][::-1])},
    ):
        with pytest.raises(InputError):
            rescan_study(bundle, both, pairs.assign(**wrong), Request(tmp_path / "features"))
