"""Reports: preliminary until a named pathologist signs; amended and withdrawn by new versions; old ones are kept."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tumorcast.clinic.report.record import PatientReport, SignOff
from tumorcast.clinic.report.record_json import read_report
from tumorcast.clinic.report.write import RECORD_NAME, write_report
from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import Detail, note, record, utc
from tumorcast.lab.errors import ConflictError, LabError, no_such
from tumorcast.lab.leases import put_in_place
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User, require
from tumorcast.readers.files import digest

Status = Literal["preliminary", "final", "amended", "withdrawn"]
NEXT: dict[Status, frozenset[Status]] = {
    "preliminary": frozenset({"final", "withdrawn"}),
    "final": frozenset({"amended", "withdrawn"}),
    "amended": frozenset({"amended", "withdrawn"}),
    "withdrawn": frozenset(),
}
"""What may follow what."""
_ACTION = {"final": "report.sign", "amended": "report.amend", "withdrawn": "report.withdraw"}
_MOST_COMMENT = 2000


@dataclass(frozen=True)
class Report:
    """The report of a job, as its newest version stands."""

    id: str
    job_id: str
    version: int
    status: Status


@dataclass(frozen=True)
class ReportVersion:
    """One version: who made it what it is, when (seconds since 1970), and why.

    Attributes:
        sha256: of its `report.json`.
    """

    report_id: str
    version: int
    status: Status
    by: str
    by_name: str
    at: float
    comment: str
    sha256: str


_COLUMNS = ", ".join(Report.__dataclass_fields__)
_VERSION_COLUMNS = ", ".join(ReportVersion.__dataclass_fields__)


def get_report(store: LabStore, report_id: str) -> Report:
    """One report.

    Raises:
        NotFoundError: no such report.
    """
    with store.reading() as connection:
        return _report(connection, report_id)


def report_of_job(store: LabStore, job_id: str) -> Report | None:
    """The report that a job made, None where it made none (yet)."""
    with store.reading() as connection:
        row = connection.execute(f"SELECT {_COLUMNS} FROM reports WHERE job_id = ?", (job_id,)).fetchone()
        return Report(*row) if row else None


def list_reports(store: LabStore, case_id: str | None = None) -> list[Report]:
    """The newest job's first, of one case or all."""
    with store.reading() as connection:
        found = connection.execute(
            "SELECT r.id, r.job_id, r.version, r.status FROM reports r JOIN jobs j ON j.id = r.job_id"
            " WHERE ? IS NULL OR j.case_id = ? ORDER BY j.submitted DESC, r.id",
            (case_id, case_id),
        )
        return [Report(*row) for row in found]


def list_versions(store: LabStore, report_id: str) -> list[ReportVersion]:
    """All versions of a report, the first one first."""
    with store.reading() as connection:
        _report(connection, report_id)
        found = connection.execute(
            f"SELECT {_VERSION_COLUMNS} FROM report_versions WHERE report_id = ? ORDER BY version",
            (report_id,),
        )
        return [ReportVersion(*row) for row in found]


def count_results(store: LabStore) -> dict[str, int]:
    """Status of results ("predicted", "refused", ...) -> how many."""
    with store.reading() as connection:
        return dict(connection.execute("SELECT status, COUNT(*) FROM results GROUP BY status").fetchall())


def version_folder(store: LabStore, report_id: str, version: int | None = None) -> Path:
    """Folder of the files of one version; None: the newest."""
    report = get_report(store, report_id)
    if version is not None and not 1 <= version <= report.version:
        raise no_such("version of this report", version)
    return store.report_folder(report_id) / f"v{version or report.version}"


def read_record(store: LabStore, report_id: str, version: int | None = None) -> PatientReport:
    """What a version says, checked against the digest that was kept of it.

    Raises:
        LabError: the file is not as it was issued.
    """
    path = version_folder(store, report_id, version) / RECORD_NAME
    kept = {each.version: each.sha256 for each in list_versions(store, report_id)}
    number = int(path.parent.name[1:])
    if not path.is_file() or digest(path) != kept[number]:
        raise LabError(
            "the report is not as it was issued", got=f"{report_id}, version {number}", fix="restore a backup"
        )
    return read_report(path)


def note_download(store: LabStore, user: User, report_id: str, form: str) -> None:
    """That someone has taken a report out of the lab goes into the audit log."""
    require(user, "report.read")
    report = get_report(store, report_id)
    note(
        store, user.id, "report.downloaded", {"report": report_id}, {"form": form, "version": report.version}
    )


def sign(store: LabStore, user: User, report_id: str, version: int, comment: str = "") -> Report:
    """A pathologist stands for the report: it becomes final.

    Args:
        version: that was read; a newer one is not signed unseen.

    Raises:
        NotAllowedError: the user is no pathologist.
        ConflictError: it is signed or withdrawn already, or there is a newer version.
    """
    return _follow(store, user, report_id, version, "final", comment)


def amend(
    store: LabStore, user: User, report_id: str, version: int, reason: str, content_of: str | None = None
) -> Report:
    """A new version of an issued report, with the reason; the old one is kept.

    Args:
        content_of: another report of the same case (after a file was replaced, say) whose content takes its place.

    Raises:
        InputError: no reason, or a report of another case.
        NotAllowedError, ConflictError: as for `sign`.
    """
    return _follow(store, user, report_id, version, "amended", reason, content_of)


def withdraw(store: LabStore, user: User, report_id: str, version: int, reason: str) -> Report:
    """The report does not hold any more: each of its pages says so from now on.

    Raises:
        InputError: no reason.
        NotAllowedError, ConflictError: as for `sign`.
    """
    return _follow(store, user, report_id, version, "withdrawn", reason)


def _follow(
    store: LabStore,
    user: User,
    report_id: str,
    version: int,
    status: Status,
    comment: str,
    content_of: str | None = None,
) -> Report:
    """Draw the next version from the record, then put it in place together with its row."""
    require(user, _ACTION[status])
    comment = _checked_comment(comment, is_needed=status != "final")
    report, now = get_report(store, report_id), store.clock()
    _need_allowed(report, version, status)
    content = read_record(store, _same_case(store, report_id, content_of) if content_of else report_id)
    made = replace(content, sign_off=SignOff(status, user.display_name, utc(now), comment))
    work = Path(tempfile.mkdtemp(prefix=".work-", dir=store.folder / "reports"))
    try:
        write_report(made, work)
        sha256 = digest(work / RECORD_NAME)
        values = (
            report_id, version + 1, status, user.id, user.display_name, now, comment, sha256,
        )  # fmt: skip
        with store.transaction() as connection:
            _need_allowed(_report(connection, report_id), version, status)
            connection.execute(
                f"INSERT INTO report_versions ({_VERSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            connection.execute(
                "UPDATE reports SET version = ?, status = ? WHERE id = ?", (version + 1, status, report_id)
            )
            told: Detail = {"version": version + 1, "sha256": sha256}
            names = (made.provenance.model_id, made.provenance.bundle_seal)
            record(connection, now, user.id, f"report.{status}", {"report": report_id}, told, names)
            put_in_place(work, store.report_folder(report_id) / f"v{version + 1}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return get_report(store, report_id)


def _need_allowed(report: Report, version: int, status: Status) -> None:
    if report.version != version:
        raise ConflictError(
            "there is a newer version of this report",
            got=version,
            expected=report.version,
            fix="read that one first",
        )
    if status not in NEXT[report.status]:
        raise ConflictError(
            f"a report that is {report.status} cannot become {status}",
            expected=", ".join(sorted(NEXT[report.status])) or "nothing: it is over",
        )


def _same_case(store: LabStore, report_id: str, other: str) -> str:
    with store.reading() as connection:
        cases = {
            row["case_id"]
            for row in connection.execute(
                "SELECT j.case_id FROM reports r JOIN jobs j ON j.id = r.job_id WHERE r.id IN (?, ?)",
                (report_id, _report(connection, other).id),
            )
        }
    if len(cases) != 1:
        raise InputError("the other report is of another case", got=other)
    return other


def _checked_comment(comment: str, is_needed: bool) -> str:
    text = comment.strip()
    if is_needed and not text:
        raise InputError("a reason is needed", expected="why the report is amended or withdrawn")
    if len(text) > _MOST_COMMENT:
        raise InputError(
            "the comment is too long", got=len(text), expected=f"{_MOST_COMMENT} characters at most"
        )
    return text


def _report(connection: sqlite3.Connection, report_id: str) -> Report:
    row = connection.execute(f"SELECT {_COLUMNS} FROM reports WHERE id = ?", (report_id,)).fetchone()
    if row is None:
        raise no_such("report", report_id)
    return Report(*row)
