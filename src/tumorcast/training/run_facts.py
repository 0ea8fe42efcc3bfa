"""What a run says of itself beside its scores: tags, and a description with the result and the honest sentence."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from itertools import islice
from pathlib import Path

import torch

from tumorcast import __version__
from tumorcast.domain.errors import TumorcastError
from tumorcast.evaluation.scores import Metrics
from tumorcast.evaluation.table import verdict
from tumorcast.slides.store import read_attrs
from tumorcast.training.files import write_text
from tumorcast.training.fold import FUSED
from tumorcast.training.metric_keys import MARGIN
from tumorcast.training.report import primary
from tumorcast.training.run_views import OPTIMISM
from tumorcast.training.tracking import git_commit
from tumorcast.training.workspace import Workspace

FACTS_NAME = "facts.json"
_MOST_FILES = 5
_DIFFERENCE = f"{FUSED}_minus_"
_SIMULATED = "SIMULATED DATA: these figures show that the mechanics work, nothing about patients."
_CHOSEN_OTHER = (
    f"The interval of `{MARGIN}` leaves out that the other model was chosen as the best on these courses."
)


def run_facts(work: Workspace) -> dict[str, str]:
    """Tags of a run: data, code, encoder, machine; what stands in the list of runs."""
    courses = work.cohort.courses
    return {
        "data": work.cohort.study_id,
        "data_sha256": work.cohort.digest,
        "training_data": work.cohort.origin,
        "n_patients": str(courses["patient_id"].nunique()),
        "n_courses": str(len(courses)),
        "modalities": "+".join(work.config.data.modalities),
        "heads": "+".join(work.config.model.heads),
        "primary_metric": primary(work),
        "git_commit": git_commit(),
        "tumorcast": __version__,
        "hardware": hardware(),
    } | _encoder(work)


def write_facts(folder: Path, facts: dict[str, str]) -> None:
    """`facts.json` in the run's folder."""
    write_text(folder / FACTS_NAME, json.dumps(facts, indent=1))


def hardware() -> str:
    """`2 x NVIDIA H100, CUDA 13.0`, or `CPU x86_64, 16 cores`; of several nodes what this process sees."""
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
        return f"{len(names)} x {names[0]}, CUDA {torch.version.cuda}"
    return f"CPU {platform.machine()}, {os.cpu_count()} cores"


def description(work: Workspace, metrics: Metrics) -> str:
    """Markdown for the run's page: what it is, what may be said, and last, where MLflow may cut it, the table."""
    main = primary(work)
    rows = [f"| {name} | {_cell(values[main])} |" for name, values in metrics.items() if not _is_gap(name)]
    gaps = [
        f"| {FUSED} - {name.removeprefix(_DIFFERENCE)} | {_cell(values[main], '+')} |"
        for name, values in metrics.items()
        if _is_gap(name)
    ]
    patients = work.cohort.courses["patient_id"].nunique()
    lines = [
        f"**{work.cohort.study_id}**: {len(work.cohort.courses)} courses of {patients} patients, "
        f"{', '.join(work.config.data.modalities)}",
        "",
        *([_SIMULATED, ""] if work.is_simulated else []),
        f"{verdict(metrics)} {OPTIMISM} {_CHOSEN_OTHER}",
        "",
        "Research use only.",
        "",
        f"| model | {main} [{work.config.evaluation.confidence:.0%} interval] |",
        "|---|---|",
        *rows,
        *gaps,
    ]
    return "\n".join(lines)


def _is_gap(name: str) -> bool:
    return name.startswith(_DIFFERENCE)


def _cell(told: dict[str, float], sign: str = "") -> str:
    value, low, high = (told[part] for part in ("value", "low", "high"))
    if value is None or value != value:
        return "undefined"
    if low is None or low != low:
        return f"{value:{sign}.3f} [too few]"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _encoder(work: Workspace) -> dict[str, str]:
    """The tile encoder that the feature files name, its digest where one of the first does; nothing without slides."""
    names = sorted({bag.encoder for bag in work.bags.values() if bag.encoder})
    if not work.bags:
        return {}
    found = {"encoder": ", ".join(names) or "not told by the features"}
    for path in map(Path, islice(work.cohort.slides.get("feature_path", []), _MOST_FILES)):
        with suppress(TumorcastError, OSError):
            told = read_attrs(path)[0]
            if told.encoder in names and told.encoder_sha256:
                return found | {"encoder_sha256": told.encoder_sha256}
    return found
