"""Made-up host findings: records of samples as `tumorcast pgx` writes them."""

from __future__ import annotations

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.clinic.pgx.record import PgxRecord


def toy_pgx_record(
    sample: str = "P-0042", phenotype: str = "Intermediate Metabolizer", warnings: tuple[str, ...] = ()
) -> PgxRecord:
    """DPYD of this phenotype ("" no call), UGT1A1 *28/*28, and CYP2D6, which no cancer drug here asks for."""
    diplotype = "" if phenotype in ("", "no call") else "Reference/c.1905+1G>A (*2A)"
    score = {"Intermediate Metabolizer": 1.0, "Normal Metabolizer": 2.0}.get(phenotype)
    calls = {
        "DPYD": GeneCall("DPYD", diplotype, phenotype, activity_score=score),
        "UGT1A1": GeneCall("UGT1A1", "*28/*28", "Poor Metabolizer"),
        "CYP2D6": GeneCall("CYP2D6", "*4/*4", "Poor Metabolizer", activity_score=0.0),
    }
    return PgxRecord(sample, calls, {}, {"DPYD": ("a note on the call",)}, warnings)
