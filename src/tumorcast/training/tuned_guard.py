"""Fine-tuned tile encoders in a run: whom they have seen, and folds that this spoils."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tumorcast.cohort.splits import Fold
from tumorcast.evaluation.leakage import check_unseen
from tumorcast.slides.tuned_on import TunedOn, record_of
from tumorcast.training.workspace import Workspace


def tuned_encoders(work: Workspace) -> list[TunedOn]:
    """Records of the fine-tuned encoders among those that made the run's features.

    Raises:
        LeakageError: an encoder was tuned, and nothing tells on whom.
    """
    data = work.config.data
    beside = {Path(path).parent for path in work.cohort.slides["feature_path"]}
    folders = [*filter(None, (data.features, data.prepared)), *sorted(beside)]
    names = sorted({bag.encoder for bag in work.bags.values()})
    return [record for name in names if (record := record_of(name, folders)) is not None]


def check_folds(work: Workspace, folds: Sequence[Fold]) -> list[str]:
    """Refuse folds whose test patients an encoder was tuned on; returns what is to be told of the others.

    Raises:
        LeakageError: an encoder has seen test patients, or nothing tells whom it has seen.
    """
    courses, told = work.cohort.courses, []
    for record in tuned_encoders(work):
        for fold in folds:
            check_unseen(record, courses.loc[list(fold.test), "patient_id"], fold.name)
        seen = len(record.seen(courses["patient_id"]))
        if seen:
            told.append(
                f"the tile encoder was tuned on {seen} training patients: early stopping, calibration and sets of "
                "answers, which come of them, may be too sure; test figures are not concerned"
            )
    return told
