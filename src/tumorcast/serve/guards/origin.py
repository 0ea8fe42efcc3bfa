"""Simulated is not clinical: who is refused, and what is printed across everything else."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.readers.study import Origin, Study
from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import Manifest

SIMULATED_MODEL = "SIMULATED MODEL - NOT A PREDICTION"
SIMULATED_STUDY = "SIMULATED PATIENTS - NOT A PREDICTION"
DEMONSTRATION = "DEMONSTRATION - NOT A PREDICTION"


def watermark_of(manifest: Manifest, origin: Origin, demonstrate: bool = False) -> str:
    """What stands across every table, picture, page and field; "" for a real model and a real study."""
    if manifest.training_data == "simulated":
        return SIMULATED_MODEL
    if origin == "simulated":
        return SIMULATED_STUDY
    return DEMONSTRATION if demonstrate else ""


def study_findings(manifest: Manifest, study: Study) -> Iterator[Finding]:
    """What the study's and the model's origin say of every course."""
    if manifest.training_data == "simulated" and study.origin != "simulated":
        yield Finding(
            "simulated_model",
            "the model was trained on SIMULATED data and the study is not simulated: it knows nothing of its patients",
            fix="use a model of real patients; --demonstrate gives watermarked numbers",
        )
    if manifest.training_data == "real" and study.origin == "simulated":
        yield Finding("simulated_study", "the study says that it is simulated: its numbers are of no patient")
