"""Times and statuses of courses that cannot be: refused where they are the rule, left out where they are few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tumorcast.cohort.labels import DAYS_PER_MONTH, survival_of
from tumorcast.readers.survival_times import check_order, check_survival, check_words


def check_times(
    patients: Sequence[object], records: Sequence[Mapping[str, Any]], stem: str
) -> frozenset[int]:
    """Rows whose progression is later than the end of the patient: their time is no label.

    Args:
        patients: of each row. records: labels of each row. stem: the endpoint in use.

    Raises:
        InputError: times that look like days, inverted flags, statuses that contradict themselves, or progression after
            death in more than one of five rows.
    """
    for name in dict.fromkeys((stem, "PFS", "OS")):
        check_words(name, [record.get(f"{name}_STATUS") for record in records])
        pairs = np.array([survival_of(record, name) for record in records]).reshape(-1, 2)
        check_survival(name, pairs[:, 0] / DAYS_PER_MONTH, pairs[:, 1], patients)
    pfs, overall = (np.array([survival_of(record, name)[0] for record in records]) for name in ("PFS", "OS"))
    late = check_order(pfs / DAYS_PER_MONTH, overall / DAYS_PER_MONTH, patients)
    return frozenset(np.flatnonzero(late).tolist()) if stem == "PFS" else frozenset()
