"""Made-up records of reports: a prediction with everything, a partial one, a refusal."""

from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO

from PIL import Image

from tumorcast.clinic.report.notices import LIMITS
from tumorcast.clinic.report.record import (
    Contribution,
    Flag,
    Gene,
    MissingLayer,
    PatientReport,
    Pattern,
    Placement,
    Programme,
    Provenance,
    Response,
    SignOff,
    SlidePicture,
    Subject,
    Survival,
    Tile,
)


def picture(
    width: int, height: int, kind: str = "PNG", colour: tuple[int, int, int] = (190, 120, 170)
) -> str:
    """A plain picture, base64."""
    stream = BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, kind)
    return base64.b64encode(stream.getvalue()).decode()


def toy_record(watermark: str = "SIMULATED MODEL - NOT A PREDICTION") -> PatientReport:
    """A prediction of which everything is known but the expression."""
    return PatientReport(
        subject=Subject(
            "toy_lab", "P-0042", "P-0042-L1", "Pembrolizumab + Cisplatin", "1", ("P-0042-A",),
            (("Age", "64 years"), ("Sex", "Female")),
        ),
        provenance=Provenance(
            "toy-12345678", 3, "ab" * 32, "unsigned", "simulated", "toy_study", 168, "toy at 0.5 um/px", "0.1.0",
            "2026-01-02T03:04:05+00:00", (("data_mutations.txt", "cd" * 32),), (("numpy", "2.4.6"),),
        ),
        status="predicted_partly",
        reason="slide S2: stain unknown, used all the same",
        watermark=watermark,
        response=Response(0.69, 0.55, 0.8, 0.95, "from inner folds", "R", 0.1, "Calibrated on 168 patients.", 0.45),
        survival=Survival(0.4, 62.0),
        contributions=(
            Contribution("baseline", True, -0.3, "regimen, intercept, and what layers say together"),
            Contribution("slide", True, 0.93, "30 tiles"),
            Contribution("mutations", True, -0.21, "14 altered genes known to the model"),
            Contribution("expression", False, None, "not measured"),
            Contribution("clinical", True, 0.38, "5 of 6 values measured"),
        ),
        missing=(MissingLayer("expression", (0.4, 0.6, 0.7, 0.78, 0.9), 0.22, 120, "as among training patients"),),
        pattern=Pattern(("slide", "mutations", "clinical"), 21, False, "fewer than 50 patients"),
        genes=(Gene("TP53", "missense p.R175H", 0.31, None, -0.12, ("Cell cycle", "Apoptosis")),
               Gene("BRAF", "missense p.V600E", None, None, 0.05, ())),
        programmes=(Programme("interferon gamma", "expression", 1.4, 0.2),),
        tiles=(Tile("S1", 100, 200, 3.1, True, picture(64, 64, "JPEG")),
               Tile("S1", 300, 200, 0.2, False, picture(64, 64, "JPEG", (235, 225, 230)))),
        slides=(SlidePicture("S1", picture(300, 200), "times the mean tile", 2, "", 224.0,
                             ((100, 200, 1.9), (300, 200, 0.1))),),
        flags=(Flag("warning", "slide_not_as_given", "slide S2: stain unknown, used all the same"),),
        placements=(Placement("Mutational burden", "9.1 per Mb", 71.0), Placement("Age", "64 years", None)),
        never_tested=("patients under 30 years",),
        limits=LIMITS,
        sign_off=SignOff("preliminary", "", "", ""),
    )  # fmt: skip


def toy_refusal() -> PatientReport:
    """No number: the treatment is unlike any of training."""
    return replace(
        toy_record(""),
        status="refused",
        reason="treatment unlike any of training: Imatinib",
        response=None,
        survival=None,
        contributions=(),
        missing=(),
        pattern=None,
        genes=(),
        programmes=(),
        tiles=(),
        slides=(),
        placements=(),
        flags=(Flag("refusal", "refused", "treatment unlike any of training: Imatinib"),),
    )
