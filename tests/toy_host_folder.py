"""A folder of host findings as the three commands write it: DPYD *2A, an unread TPMT, a score, blood and tumour."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from toy_betas import toy_methylomes, write_betas
from toy_pgs import write_scores
from toy_pgs import write_vcf as write_genotypes
from toy_pgx import write_vcf
from tumorcast.clinic.clock.write import Request as ClockRequest
from tumorcast.clinic.clock.write import write_clock
from tumorcast.clinic.host.read import read_host
from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.host.told import at_hand, told_of
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.pgs.write import Inputs, write_pgs
from tumorcast.clinic.pgx.write import Request, write_pgx

ROWS = [(1, 100, "G", "A", 0.5), (1, 200, "T", "C", -0.25)]
RECORDS = [(1, 100, "A", "G", "GT", "0/1"), (1, 200, "T", "C", "GT", "0/1")]


def write_host(folder: Path, sample: str = "P1") -> Path:
    """A sub-folder for each command; clock.json holds `sample` (blood) and `sample`-T1 (a tumour)."""
    folder.mkdir(parents=True, exist_ok=True)
    vcf = write_vcf(folder / "g.vcf", {"DPYD": {"rs3918290": "C/T"}}, sample)
    write_pgx([vcf], folder / "pgx", Request(today=date(2026, 12, 1)))
    scores = write_scores(folder / "PGS1.txt", ROWS)
    poor = write_scores(folder / "PGS2.txt", [*ROWS, *((2, n, "A", "G", 1) for n in range(1, 10))])
    genotypes = write_genotypes(folder / "s.vcf", RECORDS, [sample])
    write_pgs(Inputs([scores, poor], [genotypes]), folder / "pgs")
    betas = toy_methylomes(2).set_axis([sample, f"{sample}-T1"], axis=1)
    sheet = folder / "sheet.csv"
    sheet.write_text(
        f"sample,tissue,platform,age\n{sample},blood,450k,60\n{sample}-T1,tumour,450k,60\n", encoding="utf-8"
    )
    write_clock([write_betas(folder / "b.csv", betas)], folder / "clock", ClockRequest(sheet=sheet))
    return folder


def edited(path: Path, change: Callable[[Any], None]) -> Path:
    """The file with its JSON changed in place."""
    told = json.loads(path.read_text(encoding="utf-8"))
    change(told)
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def toy_host(folder: Path, today: date = date(2028, 1, 1)) -> HostRecord:
    """What a report says of these files for FOLFIRI, tamoxifen beside it."""
    wanted = Wanted(also_called=("P1", "P1-T1"))
    regimens = [at_hand("FOLFIRI", "FOLFIRI", is_recorded=True), at_hand("tamoxifen", ["tamoxifen"])]
    return told_of(read_host(write_host(folder), wanted), regimens, wanted, today)
