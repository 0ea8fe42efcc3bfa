"""What a patient's pharmacogenes say of the drugs at hand, as a panel of a report."""

from __future__ import annotations

from tumorcast.clinic.pgx.findings import STATEMENT, HostDrug, HostFindings
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.tables import Table

_SHARES = (0.14, 0.1, 0.26, 0.3, 0.2)
_SAID = {
    "present": "asks for something else than usual",
    "absent": "no change",
    "not known": "not known",
}


def host_panel(host: HostFindings) -> Panel:
    """One row a drug that guidance speaks of, the others are not in it."""
    rows = tuple(map(_row, host.drugs))
    head = ("Drug", "Guidance", "Genes", "Quoted", "Source")
    source = f"From {host.file}, sample {host.sample}." if host.sample else f"From {host.file}."
    return Panel(
        key="host",
        title="Pharmacogenes of the drugs at hand",
        statement=STATEMENT,
        warnings=host.warnings,
        lines=(source,) if rows else (source, "Guidance speaks of none of these drugs."),
        chart=None,
        alt="",
        tables=(Table("By drug", head, rows, (), "", _SHARES),) if rows else (),
        notes=("Clinical guidance in force and the laboratory's own report count.",),
    )


def _row(one: HostDrug) -> tuple[str, ...]:
    source = f"{one.source}, {one.date}; {one.verification}" if one.source else "nothing is quoted"
    return one.drug, _SAID[one.state], "; ".join(one.genes), one.said, source
