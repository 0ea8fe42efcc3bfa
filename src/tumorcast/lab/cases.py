"""Cases: a patient's files for one course of treatment, with what the lab declares of them."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import record
from tumorcast.lab.errors import ConflictError, no_such
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require
from tumorcast.slides.mpp import MAX_MPP, MIN_MPP

Kind = Literal[
    "slide",
    "variants",
    "expression",
    "segments",
    "clinical",
    "lesions",
    "pharmacogenes",
    "polygenic_scores",
    "clocks",
    "exposures",
]
_Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CaseFacts(BaseModel):
    """What the lab declares of a case; None and "" where it is not known.

    Attributes:
        patient_id: a pseudonym; the lab keeps who it is.
        title: for the worklist.
        agents: drugs of the course, one each.
        line: 1 for the first of the disease's treatments.
        biopsy_day: day of the tissue relative to the first day of treatment, negative before it.
        slide_mpp: um/px of level 0 of slides whose file does not say it; what a file says wins.
        tumour_purity: share of tumour cells, 0..1.
        panel_mb: megabases of coding sequence that the sequencing covered.
        age: years at the start of treatment.
        build: of variants and segments.
        expression_scale: "" judges by the values.
        is_simulated: the case is made up, for demonstration.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    patient_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    title: _Word = ""
    cancer_type: _Word = ""
    regimen: _Word = ""
    agents: Annotated[tuple[_Word, ...], Field(max_length=12)] = ()
    line: Annotated[int, Field(ge=1, le=20)] | None = None
    biopsy_day: Annotated[int, Field(ge=-40_000, le=40_000)] | None = None
    specimen: Literal["biopsy", "resection", "unknown"] = "unknown"
    stain: Literal["H&E", "IHC", "other", "unknown"] = "unknown"
    preparation: Literal["FFPE", "frozen", "cytology", "unknown"] = "unknown"
    organ: _Word = ""
    slide_mpp: Annotated[float, Field(ge=MIN_MPP, le=MAX_MPP)] | None = None
    tumour_purity: Annotated[float, Field(ge=0, le=1)] | None = None
    panel_mb: Annotated[float, Field(gt=0, le=4000)] | None = None
    sex: Literal["female", "male", "unknown"] = "unknown"
    age: Annotated[float, Field(ge=0, le=130)] | None = None
    build: Literal["GRCh37", "GRCh38"] | None = None
    expression_scale: Literal["", "log2(TPM+1)", "TPM", "z-score"] = ""
    is_simulated: bool = False


@dataclass(frozen=True)
class CaseFile:
    """A file of a case.

    Attributes:
        name: as it was called where it came from; for people alone, never part of a path.
        disk_name: below the case's folder.
        size: bytes.
    """

    id: str
    case_id: str
    kind: Kind
    name: str
    disk_name: str
    size: int
    sha256: str
    added: float
    added_by: str


@dataclass(frozen=True)
class Case:
    """One case; times in seconds since 1970."""

    id: str
    facts: CaseFacts
    created: float
    created_by: str
    changed: float
    files: tuple[CaseFile, ...]


def facts_from(told: dict[str, object]) -> CaseFacts:
    """Declared facts from plain values.

    Raises:
        InputError: a field that is not known, missing or out of range, each named.
    """
    try:
        return CaseFacts.model_validate(told)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(
            "the case's fields are not right", got=problems, expected=", ".join(CaseFacts.model_fields)
        ) from None


def create_case(store: LabStore, user: User, facts: CaseFacts) -> Case:
    """A new case without files."""
    require(user, "case.write")
    case_id, now = "c" + secrets.token_hex(8), store.clock()
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO cases (id, patient_id, title, facts, created, created_by, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (case_id, facts.patient_id, facts.title, facts.model_dump_json(), now, user.id, now),
        )
        record(connection, now, user.id, "case.created", {"case": case_id})
        store.case_folder(case_id).mkdir(parents=True)
        return _case(connection, case_id)


def change_case(store: LabStore, user: User, case_id: str, facts: CaseFacts) -> Case:
    """Other declared facts; reports that were made stay as they are.

    Raises:
        NotFoundError: no such case.
    """
    require(user, "case.write")
    now = store.clock()
    with store.transaction() as connection:
        _case(connection, case_id)
        connection.execute(
            "UPDATE cases SET patient_id = ?, title = ?, facts = ?, changed = ? WHERE id = ?",
            (facts.patient_id, facts.title, facts.model_dump_json(), now, case_id),
        )
        record(connection, now, user.id, "case.changed", {"case": case_id})
        return _case(connection, case_id)


def get_case(store: LabStore, case_id: str) -> Case:
    """One case.

    Raises:
        NotFoundError: no such case.
    """
    with store.reading() as connection:
        return _case(connection, case_id)


def has_case(store: LabStore, case_id: str) -> bool:
    """Whether there is such a case."""
    with store.reading() as connection:
        return connection.execute("SELECT 1 FROM cases WHERE id = ?", (case_id,)).fetchone() is not None


def cases_of_patient(store: LabStore, patient_id: str) -> list[str]:
    """Ids of a patient's cases.

    Raises:
        NotFoundError: no case has this patient.
    """
    with store.reading() as connection:
        found = connection.execute("SELECT id FROM cases WHERE patient_id = ?", (patient_id,)).fetchall()
    if not found:
        raise no_such("patient", patient_id)
    return [row["id"] for row in found]


def list_cases(store: LabStore, limit: int = 100, offset: int = 0) -> list[Case]:
    """The newest first."""
    with store.reading() as connection:
        ids = connection.execute(
            "SELECT id FROM cases ORDER BY created DESC, id LIMIT ? OFFSET ?", (limit, offset)
        ).fetchall()
        return [_case(connection, row["id"]) for row in ids]


def count_cases(store: LabStore) -> int:
    """How many there are."""
    with store.reading() as connection:
        return int(connection.execute("SELECT COUNT(*) FROM cases").fetchone()[0])


def get_file(store: LabStore, case_id: str, file_id: str) -> CaseFile:
    """One file of a case.

    Raises:
        NotFoundError: no such file in this case.
    """
    with store.reading() as connection:
        found = [file for file in _files(connection, case_id) if file.id == file_id]
    if not found:
        raise no_such("file", file_id)
    return found[0]


def remove_file(store: LabStore, user: User, case_id: str, file_id: str) -> None:
    """Take a file out of a case and off the disk.

    Raises:
        NotFoundError: no such file in this case.
        ConflictError: a job of the case waits or runs.
    """
    require(user, "case.write")
    file, now = get_file(store, case_id, file_id), store.clock()
    with store.transaction() as connection:
        need_idle(connection, case_id)
        connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
        connection.execute("UPDATE cases SET changed = ? WHERE id = ?", (now, case_id))
        record(connection, now, user.id, "file.removed", {"case": case_id, "file": file_id})
    path = store.case_folder(case_id) / file.disk_name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def need_idle(connection: sqlite3.Connection, case_id: str) -> None:
    """Raise `ConflictError` where a job of the case waits or runs."""
    busy = connection.execute(
        "SELECT id FROM jobs WHERE case_id = ? AND state IN ('queued', 'running')", (case_id,)
    ).fetchone()
    if busy:
        raise ConflictError("a job of this case waits or runs", got=busy["id"], fix="wait, or cancel it")


def _case(connection: sqlite3.Connection, case_id: str) -> Case:
    row = connection.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
    if row is None:
        raise no_such("case", case_id)
    facts = CaseFacts.model_validate_json(row["facts"])
    files = tuple(_files(connection, case_id))
    return Case(row["id"], facts, row["created"], row["created_by"], row["changed"], files)


def _files(connection: sqlite3.Connection, case_id: str) -> list[CaseFile]:
    found = connection.execute(
        "SELECT id, case_id, kind, name, disk_name, size, sha256, added, added_by FROM files"
        " WHERE case_id = ? ORDER BY added, id",
        (case_id,),
    )
    return [CaseFile(*row) for row in found]
