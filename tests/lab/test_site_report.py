"""A verification's report drawn again from its record: who signed, how it stands, and no patient in what is kept."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.clinic.report import fonts
from tumorcast.lab.errors import ConflictError, NotFoundError
from tumorcast.lab.site.criteria import DEFAULT
from tumorcast.lab.site.figures import Own, outcome_figures, technical_figures
from tumorcast.lab.site.golive import amend, keep_verification, sign, withdraw
from tumorcast.lab.site.html import html_of
from tumorcast.lab.site.kept_page import kept_page, newest_verification
from tumorcast.lab.site.ledger import LEDGER_NAME, looked, note_look, standing
from tumorcast.lab.site.pdf import pdf_of
from tumorcast.lab.site.records import SiteRecord, keep
from tumorcast.lab.site.verdicts import Cases, judge
from tumorcast.lab.site.verification_page import verification_page
from tumorcast.lab.site.verification_record import as_record
from tumorcast.lab.site.verify import Verification
from tumorcast.lab.tokens import create_token
from tumorcast.lab.users import SYSTEM, User, add_user
from tumorcast.metrics.intervals import Interval
from tumorcast.serve.external import BURDEN, MODEL

_OWN = Own(100, Interval(0.75, 0.6, 0.85), 0.2, Interval(0, -0.3, 0.3), 0.4, 0.9, (0.2, 0.6))
_NAMES = [f"MRN-{k:04d}" for k in range(80)]


@pytest.fixture
def made(tmp_path: Path) -> Verification:
    """Of 80 cases whose ids and files stand in the predictions; an earlier look was under other criteria."""
    random = np.random.default_rng(0)
    label = (np.arange(80) % 2).astype(float)
    probability = np.clip(0.25 + 0.5 * label + random.normal(0, 0.2, 80), 0.02, 0.98)
    base = pd.DataFrame({"patient_id": _NAMES, "course_id": [f"{n}-course" for n in _NAMES], "label": label})
    table = base.assign(
        probability=probability, like_training=random.random(80), status="predicted_partly", n_tiles=9,
        answers="R,N", reason=[f"the slide cannot be read: {n}.svs" for n in _NAMES],
    )  # fmt: skip
    table.loc[:4, "probability"] = np.nan
    rows = pd.concat(
        [table[5:].assign(model=MODEL), table[5:].assign(model=BURDEN, probability=random.random(75))]
    )
    other = DEFAULT.model_copy(update={"fewest_cases": 30})
    ledger, names = tmp_path / LEDGER_NAME, ("m-1", "5" * 64)
    note_look(ledger, looked(names, other, "abc", 50))
    figures = technical_figures(table) | outcome_figures(rows)
    cases = Cases(80, 38, 37)
    return Verification(
        "clinical", *names, "simulated", {}, "H", "2026-01-02T03:04:05+00:00", DEFAULT,
        standing(ledger, DEFAULT, names), _OWN, figures, cases, judge(DEFAULT, figures, _OWN, cases), table, rows, "",
    )  # fmt: skip


@pytest.fixture
def kept(lab, made: Verification) -> SiteRecord:
    return keep_verification(lab.store, SYSTEM, made)


@pytest.fixture
def pathologist(lab) -> User:
    return add_user(lab.store, SYSTEM, "dr.dvorak", "Dr. Jiří Dvořák", "pathologist")


def _drawn(pdf: bytes) -> list[str]:
    """What each page's stream says."""
    found = re.findall(rb"stream\r?\n([!-uz\s]*?)~>\s*endstream", pdf)
    pages = [zlib.decompress(base64.a85decode(b"<~" + each + b"~>", adobe=True)) for each in found]
    return [page.decode("latin-1") for page in pages if b" Tj" in page]


def test_the_kept_page_is_the_first_page(lab, made: Verification, kept: SiteRecord) -> None:
    first = html_of(verification_page(as_record(made), None, (kept.id, kept.sha256)))
    assert html_of(kept_page(lab.store, kept.id)) == first
    assert "Not signed yet" in first
    assert "CRITERIA CHANGED AFTER A LOOK" in first
    assert "rank of the mutational burden" in first
    assert first.count("<svg") == 2


def test_a_copy_recalibrated_on_the_same_study_is_told(made: Verification) -> None:
    told = {"study_id": "H", "patients": "40", "created": "2026-01-01", "original_seal": "4" * 64}
    assert "OF THE SAME STUDY" in html_of(verification_page(as_record(replace(made, recalibrated=told))))
    other = told | {"study_id": "elsewhere"}
    page = html_of(verification_page(as_record(replace(made, recalibrated=other))))
    assert "at elsewhere on 40 patients" in page
    assert "OF THE SAME STUDY" not in page


def test_nothing_that_is_kept_names_a_patient_a_course_or_a_file(
    lab, kept: SiteRecord, pathologist: User
) -> None:
    sign(lab.store, pathologist, kept.id, "seen")
    with lab.store.reading() as connection:
        tables = [
            tuple(row)
            for name in ("site_records", "audit")
            for row in connection.execute(f"SELECT * FROM {name}")
        ]
    told = json.dumps(tables)
    assert kept.id in told
    assert not [word for name in _NAMES for word in (name, ".svs", "-course") if word in told]
    assert kept.content["statuses"] == {"predicted_partly": 80}


def test_the_sign_off_stands_on_the_page(lab, kept: SiteRecord, pathologist: User) -> None:
    store = lab.store
    sign(store, pathologist, kept.id, "all <cases> seen")
    lab.clock.now += 86400
    amend(store, pathologist, kept.id, "two were of one patient")
    page = kept_page(store, kept.id)
    assert page.signature is not None
    assert [act.what for act in page.signature.acts] == ["Signed", "Amended"]
    assert (page.signature.status, page.stamp) == ("amended", "")
    text = html_of(page)
    for told in ("Dr. Jiří Dvořák", "all &lt;cases&gt; seen", "two were of one patient", kept.sha256):
        assert told in text
    assert all("amended, page" in drawn for drawn in _drawn(pdf_of(page)))


def test_a_withdrawn_one_says_so_on_each_page(lab, kept: SiteRecord, pathologist: User) -> None:
    sign(lab.store, pathologist, kept.id)
    withdraw(lab.store, pathologist, kept.id, "the scanner was replaced")
    page = kept_page(lab.store, kept.id)
    pages = _drawn(pdf_of(page))
    assert len(pages) > 1
    assert all("WITHDRAWN on" in drawn for drawn in pages)
    assert page.tone == "bad"
    assert "WITHDRAWN by Dr. Jiří Dvořák" in html_of(page)


def test_letters_that_the_pdf_lacks_are_never_question_marks(
    lab, kept: SiteRecord, pathologist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(lab.store, pathologist, kept.id)
    monkeypatch.setattr(fonts, "_wide_font", lambda: None)
    drawn = "".join(_drawn(pdf_of(kept_page(lab.store, kept.id))))
    assert "Dvo[U+0159]" in drawn
    assert "Dvo?" not in drawn


def test_a_record_that_was_changed_is_not_drawn(lab, kept: SiteRecord) -> None:
    with lab.store.transaction() as connection:
        connection.execute("DROP TRIGGER site_records_UPDATE")
        connection.execute(
            'UPDATE site_records SET record = replace(record, \'"verdict": "\', \'"verdict": "x\')'
        )
    with pytest.raises(ConflictError, match="changed"):
        kept_page(lab.store, kept.id)


def test_a_record_that_holds_too_little_is_not_drawn(lab) -> None:
    made = keep(lab.store, SYSTEM, "verification", ("m-1", "seal"), {"verdict": "pass"})
    with pytest.raises(ConflictError, match="too little"):
        kept_page(lab.store, made.id)


def test_the_commands_write_the_signed_report(
    lab, kept: SiteRecord, pathologist: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = str(lab.store.folder), tmp_path / "out"
    secret, _ = create_token(lab.store, SYSTEM, pathologist.id, "test", days=3660)
    monkeypatch.setenv("TUMORCAST_TOKEN", secret)
    assert main(["site", "sign", folder, kept.id, "--comment", "seen", "--out", str(out)]) == 0
    assert "Dvořák" in (out / "verification.html").read_text(encoding="utf-8")
    assert main(["site", "withdraw", folder, kept.id, "--comment", "wrong stain"]) == 0
    assert main(["site", "report", folder, "--out", str(out)]) == 0
    told = json.loads((out / "verification.json").read_text(encoding="utf-8"))
    assert (told["id"], told["sha256"], told["status"]) == (kept.id, kept.sha256, "withdrawn")
    assert (out / "verification.pdf").read_bytes().startswith(b"%PDF")


def test_a_lab_without_a_verification_has_no_report(lab) -> None:
    with pytest.raises(NotFoundError):
        newest_verification(lab.store)
