"""A made-up record of survival curves: as recorded, one asked for, one without a curve."""

from __future__ import annotations

from tumorcast.clinic.curves.record import Milestone, PatientCurves, RegimenCurve

_DAYS = (0.0, 91.3125, 182.625, 365.25)


def _curve(regimen: str, shares: tuple[float, ...], given: str, median: float | None) -> RegimenCurve:
    low, high = (tuple(min(max(share + by, 0.0), 1.0) for share in shares) for by in (-0.08, 0.07))
    milestones = tuple(Milestone(*told) for told in zip(_DAYS[1:], shares[1:], low[1:], high[1:]))
    late = Milestone(730.5, None, None, None)
    return RegimenCurve(
        regimen, given, _DAYS, shares, low, high, median, (*milestones, late), "81 patients like this one received it",
        evidence="seen in training for this cancer: 81 patients", n_here=81,
    )  # type: ignore[arg-type]  # fmt: skip


def toy_curves() -> PatientCurves:
    """Of the patient of `toy_record`."""
    return PatientCurves(
        patient_id="P-0042", course_id="P-0042-L1", endpoint="PFS", landmark_day=30.0, horizon_day=400.0,
        n_patients=168, n_events=97, slope=0.9,
        curves=(
            _curve("nivolumab", (1.0, 0.82, 0.61, 0.44), "recorded", 301.0),
            _curve("dacarbazine", (1.0, 0.77, 0.64, 0.52), "asked", None),
            RegimenCurve("olaparib", "asked", overlap="nobody", reason="no overlap: nobody like this one received it"),
        ),
        model="toy-12345678", watermark="SIMULATED MODEL - NOT A PREDICTION",
    )  # fmt: skip
