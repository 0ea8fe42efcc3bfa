"""How many local cases a verification needs for which precision."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.lab.site.criteria import Criteria
from tumorcast.lab.site.figures import Own
from tumorcast.metrics.sample_size import auroc_width, fewest_cases, in_the_large_width, share_width

WIDTHS = (0.4, 0.3, 0.2, 0.15, 0.1)


@dataclass(frozen=True)
class Assumed:
    """What is expected at the site.

    Attributes:
        auroc: of the model there. prevalence: share of responders. coverage: of its sets.
        probability: such as the model gives, for calibration.
    """

    auroc: float
    prevalence: float
    coverage: float
    probability: tuple[float, ...]


def assumed(own: Own | None, auroc: float | None, prevalence: float | None) -> Assumed:
    """The bundle's own figures, or what the user expects instead.

    Raises:
        InputError: a value out of range, or neither given nor in the bundle.
    """
    area = auroc if auroc is not None else own.auroc.value if own else None
    share = prevalence if prevalence is not None else own.prevalence if own else None
    if area is None or share is None:
        raise InputError("the bundle tells no figures of its own", fix="give --auroc and --prevalence")
    if not 0.5 <= area < 1 or not 0 < share < 1:
        raise InputError("that cannot be expected", got=f"AUROC {area}, prevalence {share}",
                         expected="AUROC 0.5 to below 1, prevalence between 0 and 1")  # fmt: skip
    probability = own.probability if own and own.probability else (share,)
    return Assumed(area, share, own.promised if own else 0.9, probability)


def plan_table(
    expected: Assumed, widths: tuple[float, ...] = WIDTHS, confidence: float = 0.95
) -> pd.DataFrame:
    """width, then cases (and of them responders) for an interval of that width: auroc_cases, auroc_responders,
    coverage_cases, in_the_large_cases (log-odds: the width times 4, which at a share of one half is as wide)."""
    rows = []
    for width in widths:
        if not 0 < width < 1:
            raise InputError("that is no width of an interval", got=width, expected="between 0 and 1")
        area = fewest_cases(lambda n: auroc_width(expected.auroc, n, expected.prevalence, confidence), width)
        sets = fewest_cases(lambda n: share_width(expected.coverage, n, confidence), width, 1)
        large = fewest_cases(lambda n: in_the_large_width(expected.probability, n, confidence), 4 * width, 1)
        rows.append(
            {
                "width": width, "auroc_cases": area,
                "auroc_responders": None if area is None else ceil(area * expected.prevalence),
                "coverage_cases": sets, "in_the_large_cases": large,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def chance_to_pass(
    expected: Assumed, criteria: Criteria, cases: int, own: Own | None, runs: int = 400, seed: int = 0
) -> dict[str, float]:
    """Measure -> share of simulated sites, as good as expected, whose figure would pass; of AUROC and coverage.

    Scores of responders and others are normal and as far apart as the AUROC says.
    """
    from scipy.stats import norm

    from tumorcast.lab.site.figures import share
    from tumorcast.lab.site.verdicts import Cases, judge
    from tumorcast.metrics.delong import delong_interval

    random = np.random.default_rng(seed)
    responders = round(cases * expected.prevalence)
    label = np.r_[np.ones(responders), np.zeros(cases - responders)]
    apart = float(np.sqrt(2) * norm.ppf(expected.auroc))
    counted = Cases(cases, responders, cases - responders)
    passed: dict[str, list[float]] = {}
    for _ in range(runs):
        area = delong_interval(label, random.normal(size=cases) + apart * label, None, criteria.confidence)
        held = share(int(random.binomial(cases, expected.coverage)), cases, criteria.confidence)
        for one in judge(criteria, {"auroc": area, "coverage": held}, own, counted):
            if one.measure in ("auroc", "coverage") and one.is_required:
                name = f"{one.measure} at least {one.low:.3f}" if one.low is not None else one.measure
                passed.setdefault(name, []).append(one.verdict == "pass")
    return {name: float(np.mean(found)) for name, found in passed.items()}
