"""What a model says of a tumour's size before any scan, as a soft measurement on the day that it speaks of.

Virtual patients are weighed by p(theta | x) ~ p(theta) p(u | x) / p(u), where R, the logarithm of the size over the
first, is drawn for each as a scan of that day would show it, and u is the normal score of R among the population's own
virtual patients: p(u) is N(0, 1) whatever the tails of R, and p(u | x) = N(shift, width), so the weighed virtual
patients have just that. The shift is the smaller of two: how far the word lies from the mean of those whom the model
learnt from, in their spread, and how far it lies among the virtual patients; none where these disagree in direction. So
the moved median lies between the population's and what was said. A head that tells nobody apart has shift 0, width 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.filter import Weighed, mean_z, with_row

MOST_APART, MOST_WIDER = 0.5, 2.0
"""Means may differ by this share of the larger spread, spreads by this factor: else it is another population."""
_OWN_DRAWS = 10_007


@dataclass(frozen=True)
class PriorSize:
    """Logarithm of the sum of diameters over that at baseline, as it is expected of one patient.

    Attributes:
        log_ratio, sd: expected of the patient, and standard deviation of what is left open.
        mean, spread: of the patients whom the model learnt from.
        day: of treatment that it speaks of.
    """

    log_ratio: float
    sd: float
    mean: float
    spread: float
    day: float = 56.0


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


@dataclass(frozen=True)
class SoftSize:
    """A model's word beside what the population's virtual patients do by themselves.

    Attributes:
        usual: [N] log ratios of the virtual patients on that day, sorted.
    """

    said: PriorSize
    usual: Floats

    @cached_property
    def middle(self) -> float:
        """Median of the virtual patients."""
        return float(np.median(self.usual))

    @cached_property
    def spread(self) -> float:
        """Half of what lies between 16% and 84% of them."""
        low, high = np.quantile(self.usual, (0.16, 0.84))
        return float(high - low) / 2

    @cached_property
    def shift(self) -> float:
        """Mean of the normal score that is left."""
        said = self.said
        own, here = (
            (said.log_ratio - said.mean) / said.spread,
            float(self.score(np.array([said.log_ratio]))[0]),
        )
        return min(own, here, key=abs) if own * here > 0 else 0.0

    @cached_property
    def width(self) -> float:
        """Standard deviation of the normal score that is left."""
        return min(1.0, self.said.sd / min(self.said.spread, self.spread))

    @property
    def effective(self) -> float:
        """How many of the virtual patients are left."""
        weights = np.exp(self.log_weight(self.usual))
        return float(weights.sum() ** 2 / (weights**2).sum())

    @property
    def is_other_population(self) -> bool:
        """The model learnt from patients whose sizes went otherwise than the virtual patients'."""
        ours, theirs = self.spread, self.said.spread
        apart = abs(self.said.mean - self.middle) > MOST_APART * max(ours, theirs)
        return apart or not 1 / MOST_WIDER <= theirs / ours <= MOST_WIDER

    def score(self, log_ratio: Floats) -> Floats:
        """Normal score among the virtual patients, within those of the first and the last; of any shape."""
        n = len(self.usual)
        return np.asarray(np.interp(log_ratio, self.usual, ndtri((np.arange(n) + 0.5) / n)))

    def log_weight(self, log_ratio: Floats) -> Floats:
        """Logarithm of p(u | x) / p(u), of any shape; bounded."""
        usual = self.score(log_ratio)
        return np.asarray(0.5 * (usual**2 - ((usual - self.shift) / self.width) ** 2) - np.log(self.width))


def with_size(
    before: Weighed,
    bank: Bank,
    deviation: Deviation,
    prior: SoftSize | None,
    day: float,
    base_mm: float | None,
) -> tuple[Weighed, Floats]:
    """One patient's view with the size that a scan on `day` would show drawn for each virtual patient, and weighed.

    Args:
        prior: None: drawn, not weighed.
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
    weight = 0.0 if prior is None else prior.log_weight(ratio)
    made = replace(
        before, days=days, factor=factor, log_likelihood=before.log_likelihood + weight,
        innovations=np.append(before.innovations, luck[None, :, None], axis=2),
    )  # fmt: skip
    return made, ratio
