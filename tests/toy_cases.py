"""A laboratory for tests: its clock, its people, and cases whose files say more than they should."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from tumorcast.lab.cases import Case, CaseFacts, CaseFile, Kind, create_case
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import Upload
from tumorcast.lab.users import User

PATIENT, PERSON = "PSN-0815", "Mustermann"
"""A pseudonym and a name that must be found nowhere but where they belong."""


@dataclass
class Clock:
    """Seconds since 1970, as the tests want them."""

    now: float = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Lab:
    """A lab and who works in it."""

    store: LabStore
    clock: Clock
    admin: User
    doctor: User
    viewer: User


def add_file(
    store: LabStore,
    user: User,
    case_id: str,
    kind: Kind,
    name: str,
    stream: BinaryIO,
    claimed_bytes: int | None = None,
) -> CaseFile:
    """A whole stream into a case."""
    with Upload(store, user, case_id, kind, name, claimed_bytes) as upload:
        while chunk := stream.read(1 << 20):
            upload.write(chunk)
        return upload.keep()


def toy_case(lab: Lab, slide: bytes, patient_id: str = PATIENT) -> Case:
    """A case of all kinds of files (no slide: b""), whose names say more than they should."""
    facts = CaseFacts(
        patient_id=patient_id, title=f"{PERSON}, second line", regimen="Nivolumab", agents=("Nivolumab",), line=1,
        biopsy_day=-5, specimen="biopsy", stain="H&E", preparation="FFPE", panel_mb=30, sex="female", age=60,
        is_simulated=True,
    )  # fmt: skip
    case = create_case(lab.store, lab.doctor, facts)
    maf = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tX\tMissense_Mutation\n"
    genes = ("CD8A", "GZMB", "PRF1", "CXCL9", "IFNG", "STAT1")
    table = "Hugo_Symbol\tX\n" + "".join(f"{gene}\t{i}.5\n" for i, gene in enumerate(genes))
    for kind, name, content in (
        ("slide", f"{PERSON}.svs", slide),
        ("variants", f"{PERSON}.maf", maf.encode()),
        ("expression", f"{PERSON}.tsv", table.encode()),
    ):
        if content:
            add_file(lab.store, lab.doctor, case.id, kind, name, io.BytesIO(content))
    return case
