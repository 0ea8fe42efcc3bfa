"""How alike drugs and combinations are: by their components and the targets of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.drugs import UNKNOWN_CLASS, normalise_agents

Floats = NDArray[np.float64]


def likeness_of(
    drugs: Sequence[str], targets: Mapping[str, frozenset[str]], *, untreated: str = "untreated"
) -> Floats:
    """[D, D], 1 on the diagonal, positive semidefinite: mean of the overlaps (Jaccard) of components and of targets.

    Args:
        drugs: names; combinations are `A + B`, in any order.
        targets: by drug or component; else those of the formulary's agents; a class stands in for targets.
        untreated: the arm that is like nothing else.
    """
    parts = [frozenset(part.strip() for part in drug.split("+")) for drug in drugs]
    aims = [_targets(drug, own, targets) for drug, own in zip(drugs, parts)]
    made = np.eye(len(drugs))
    for i, first in enumerate(drugs):
        for j, second in enumerate(drugs[:i]):
            if untreated not in (first, second):
                made[i, j] = made[j, i] = (_overlap(parts[i], parts[j]) + _overlap(aims[i], aims[j])) / 2
    values, vectors = np.linalg.eigh(made)
    made = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(made))
    return np.asarray(made / scale / scale[:, None])


def _targets(drug: str, parts: frozenset[str], targets: Mapping[str, frozenset[str]]) -> frozenset[str]:
    known = set(targets.get(drug, ()))
    for part in sorted(parts):
        known |= targets.get(part, frozenset())
        if not targets:
            for agent in normalise_agents(part):
                known |= set(agent.targets) or ({agent.cls} - {UNKNOWN_CLASS})
    return frozenset(known)


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(len(first | second), 1)
