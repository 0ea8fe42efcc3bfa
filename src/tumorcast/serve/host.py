"""Host findings of a study's patients, from folders that `tumorcast pgx` wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tumorcast.clinic.pgx.findings import HostFindings, host_findings
from tumorcast.clinic.pgx.record import PgxRecord, read_records
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study

FILES = ("pgx.json", "pgx.csv")


@dataclass(frozen=True)
class Host:
    """Records by sample, and the file that they were read from."""

    records: Mapping[str, PgxRecord]
    file: str

    def of_patient(self, study: Study, patient_id: str) -> PgxRecord | None:
        """The record called as the patient or as one of the patient's samples is; None: not tested.

        Raises:
            InputError: several are.
        """
        samples = study.samples.index[study.samples["patient_id"].astype(str) == patient_id]
        own = [name for name in (patient_id, *map(str, samples)) if name in self.records]
        if len(set(own)) > 1:
            raise InputError(
                f"several germline samples are called as patient '{patient_id}' is", got=", ".join(own),
                expected="one", fix="leave one of them in the folder of `tumorcast pgx`",
            )  # fmt: skip
        return self.records[own[0]] if own else None

    def findings(self, study: Study, patient_id: str, drugs: Iterable[str]) -> HostFindings:
        """What guidance says of these drugs for the patient."""
        return host_findings(self.of_patient(study, patient_id), drugs, self.file)


def read_host(folder: Path) -> Host:
    """The folder's pgx.json, else its pgx.csv; the file itself may be given, too.

    Raises:
        InputError: it holds neither, or one that cannot be read.
    """
    paths = [folder] if folder.is_file() else [folder / name for name in FILES]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise InputError(
            "the folder holds no host findings", got=str(folder), expected=" or ".join(FILES),
            fix="write it with `tumorcast pgx VCF --out FOLDER`",
        )  # fmt: skip
    return Host(read_records(found), found.name)
