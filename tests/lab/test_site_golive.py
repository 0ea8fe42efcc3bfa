"""Go-live state: only a passed clinical verification that a pathologist signed opens a model."""

from __future__ import annotations

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.lab import audit
from tumorcast.lab.cases import CaseFacts, create_case
from tumorcast.lab.config import CONFIG_NAME, LabConfig, write_config
from tumorcast.lab.errors import ConflictError, NotAllowedError, NotFoundError
from tumorcast.lab.jobs import submit
from tumorcast.lab.site.golive import amend, go_live_status, sign, sign_off_of, withdraw
from tumorcast.lab.site.marks import need_live, site_flags
from tumorcast.lab.site.records import SiteRecord, get_record, keep
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM, User, add_user


@pytest.fixture
def store(lab) -> LabStore:
    return lab.store


@pytest.fixture
def pathologist(store: LabStore) -> User:
    return add_user(store, SYSTEM, "dr.novak", "Dr. Eva Nováková", "pathologist")


def _verification(
    store: LabStore, verdict: str = "pass", kind: str = "clinical", confirmatory: bool = True
) -> SiteRecord:
    content = {"verdict": verdict, "kind": kind, "is_confirmatory": confirmatory, "low": float("nan")}
    return keep(store, SYSTEM, "verification", ("m-1", "seal"), content)


def test_a_signed_pass_is_live(store: LabStore, pathologist: User) -> None:
    assert go_live_status(store, "m-1", "seal").state == "none"
    made = _verification(store)
    assert go_live_status(store, "m-1", "seal").state == "unsigned"
    sign(store, pathologist, made.id, "seen")
    said = go_live_status(store, "m-1", "seal")
    assert (said.state, said.by, said.flag()) == ("live", "Dr. Eva Nováková", None)
    assert go_live_status(store, "another", "seal").state == "none"


def test_a_recalibrated_copy_must_be_verified_anew(lab, fake_bundle) -> None:
    store, (model, seal, other) = lab.store, (fake_bundle.model_id, fake_bundle.seal, "6" * 64)
    write_config(store.folder / CONFIG_NAME, LabConfig(require_verification=True))
    content = {"verdict": "pass", "kind": "clinical", "is_confirmatory": True}
    sign(store, lab.doctor, keep(store, SYSTEM, "verification", (model, seal), content).id)
    need_live(store, model, seal)
    said = go_live_status(store, model, other)
    assert (said.state, "another copy" in said.sentence) == ("none", True)
    with pytest.raises(ConflictError, match="not live"):
        need_live(store, model, other)
    assert [flag.code for flag in site_flags(store, model, other)] == ["site_not_verified"]
    keep(store, SYSTEM, "verification", (model, other), content | {"verdict": "fail"})
    assert go_live_status(store, model, seal).is_live


def test_a_comment_that_names_a_patient_is_refused(lab) -> None:
    store, patient = lab.store, "MRN-0017"
    create_case(store, lab.doctor, CaseFacts(patient_id=patient))
    made = _verification(store)
    with pytest.raises(InputError, match="names a patient"):
        sign(store, lab.doctor, made.id, f"all but {patient}, which was blurred")
    assert sign_off_of(store, made.id).status == "preliminary"
    sign(store, lab.doctor, made.id, "all but MRN-00171")


@pytest.mark.parametrize(
    ("verdict", "kind", "confirmatory", "state"),
    [
        ("fail", "clinical", True, "not_passed"),
        ("not enough cases", "clinical", True, "not_passed"),
        ("pass", "clinical", False, "not_passed"),
        ("pass", "technical", True, "technical"),
    ],
)
def test_nothing_else_is_live(
    store: LabStore, pathologist: User, verdict: str, kind: str, confirmatory: bool, state: str
) -> None:
    sign(store, pathologist, _verification(store, verdict, kind, confirmatory).id)
    said = go_live_status(store, "m-1", "seal")
    flag = said.flag()
    assert (said.state, said.is_live) == (state, False)
    assert flag is not None
    assert flag.code == "site_not_verified"


def test_a_newer_failure_ends_it_and_a_technical_one_does_not(store: LabStore, pathologist: User) -> None:
    sign(store, pathologist, _verification(store).id)
    _verification(store, kind="technical")
    assert go_live_status(store, "m-1", "seal").is_live
    _verification(store, verdict="fail")
    assert go_live_status(store, "m-1", "seal").state == "not_passed"


def test_withdrawn_is_not_live(store: LabStore, pathologist: User) -> None:
    made = _verification(store)
    sign(store, pathologist, made.id)
    amend(store, pathologist, made.id, "two cases were of one patient")
    assert sign_off_of(store, made.id).status == "amended"
    assert go_live_status(store, "m-1", "seal").is_live
    withdraw(store, pathologist, made.id, "the scanner was replaced")
    assert go_live_status(store, "m-1", "seal").state == "withdrawn"
    with pytest.raises(ConflictError):
        sign(store, pathologist, made.id)
    with pytest.raises(ConflictError):
        withdraw(store, pathologist, made.id, "again")


def test_who_may_not_sign(store: LabStore, pathologist: User) -> None:
    made = _verification(store)
    viewer = add_user(store, SYSTEM, "viewer", "V", "viewer")
    for user in (SYSTEM, viewer):
        with pytest.raises(NotAllowedError):
            sign(store, user, made.id)
    with pytest.raises(ConflictError):
        withdraw(store, pathologist, made.id, "not signed yet")
    with pytest.raises(InputError):
        amend(store, pathologist, made.id, " ")
    with pytest.raises(NotFoundError):
        sign(store, pathologist, "v0")


def test_records_cannot_be_changed_and_leave_a_line_in_the_audit_log(store: LabStore) -> None:
    made = _verification(store)
    assert get_record(store, made.id) == made
    assert made.content["low"] is None
    for statement in ("UPDATE site_records SET by = 'x'", "DELETE FROM site_records"):
        with pytest.raises(Exception, match="append-only"), store.transaction() as connection:
            connection.execute(statement)
    assert [row.action for row in audit.rows(store)][-1] == "site.verification"
    assert audit.verify_chain(store) is None


def test_a_lab_may_ask_for_a_verification(lab, fake_bundle) -> None:
    store = lab.store
    case = create_case(store, lab.doctor, CaseFacts(patient_id="P1"))
    write_config(store.folder / CONFIG_NAME, LabConfig(require_verification=True))
    with pytest.raises(ConflictError, match="not live"):
        submit(store, lab.doctor, case.id)
    assert submit(store, lab.doctor, case.id, kind="control").state == "queued"
    content = {"verdict": "pass", "kind": "clinical", "is_confirmatory": True}
    made = keep(store, SYSTEM, "verification", (fake_bundle.model_id, fake_bundle.seal), content)
    sign(store, lab.doctor, made.id)
    assert submit(store, lab.doctor, case.id).state == "queued"
    assert site_flags(store, fake_bundle.model_id, fake_bundle.seal) == ()
    assert [flag.code for flag in site_flags(store, "another", "seal")] == ["site_not_verified"]
