"""What a model says of a tumour's size before any scan, as a soft measurement on the day that it speaks of.

A head's prediction is the mean of what it expects given the covariates x, already drawn towards the mean of those whom
it learnt from: p(R | x) = N(log_ratio, sd), and without x it would be N(mean, spread). What the covariates themselves
say is the ratio of the two, and by it virtual patients are weighed: p(theta | x) ~ p(theta) p(R | x) / p(R), where R,
the logarithm of the size over the first, is drawn for each virtual patient as a scan of that day would show it. A head
that tells nobody apart has both the same, and the ratio is 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.filter import Weighed, mean_z, with_row

LEAST_LOG_RATIO, MOST_LOG_RATIO = float(np.log(0.05)), float(np.log(5.0))
"""Sizes are held within these, as the labels that a head learns from (`cohort.labels.size_of`)."""
_OWN_DRAWS = 10_007


@dataclass(frozen=True)
class PriorSize:
    """Logarithm of the sum of diameters over that at baseline, as it is expected of one patient.

    Attributes:
        log_ratio, sd: expected of the patient, and standard deviation of what is left open.
        mean, spread: of the patients whom the model learnt from; `spread` is larger than `sd`.
        day: of treatment that it speaks of.
    """

    log_ratio: float
    sd: float
    mean: float
    spread: float
    day: float = 56.0

    def log_weight(self, log_ratio: Floats) -> Floats:
        """Logarithm of p(R | x) / p(R), of any shape."""
        held = np.clip(log_ratio, LEAST_LOG_RATIO, MOST_LOG_RATIO)
        own, usual = (held - self.log_ratio) / self.sd, (held - self.mean) / self.spread
        return np.asarray(0.5 * (usual**2 - own**2) + np.log(self.spread / self.sd))


@dataclass(frozen=True)
class ModelPrior:
    """A model's word for the prior of one patient, or why it has none.

    Attributes:
        source: name and digest of the model.
        said: None: nothing.
        refused: why not, a stable code before the colon; "" where something is said.
        watermark: what stands across everything that is made of it; "" nothing.
    """

    source: str
    said: PriorSize | None
    refused: str = ""
    watermark: str = ""


def with_size(
    before: Weighed, bank: Bank, deviation: Deviation, prior: PriorSize, day: float, base_mm: float | None
) -> tuple[Weighed, Floats]:
    """One patient's view with the size that a scan on `day` would show drawn for each virtual patient, and weighed.

    Args:
        day: since the first scan; scans before and after it may have been absorbed.
        base_mm: the first number; None: each virtual patient's own first size.

    Returns:
        (the view, [N] logarithm of the size over the first as drawn).
    """
    days = np.append(before.days, [[day]], axis=1)
    factor = with_row(before.factor, deviation, days)
    known, own = factor[0, -1, :-1], factor[0, -1, -1]
    luck = bank.normal_draws(_OWN_DRAWS)
    expected = mean_z(before, bank, deviation, days[:, -1:])[0, :, 0]
    z = expected + before.unrest * (before.innovations[0] @ known + own * luck)
    base = before.first[0] if base_mm is None else np.log(base_mm)
    ratio = np.log(np.maximum(deviation.size_mm(np.clip(z, -10, 12)), 1e-3)) - base
    made = replace(
        before, days=days, factor=factor, log_likelihood=before.log_likelihood + prior.log_weight(ratio),
        innovations=np.append(before.innovations, luck[None, :, None], axis=2),
    )  # fmt: skip
    return made, ratio
