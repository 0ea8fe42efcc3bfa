"""Logistic function and its inverse, against scipy's."""

from __future__ import annotations

import numpy as np
from scipy import special

from tumorcast.metrics.logistic import bounded_logit, expit, logit

_LOGITS = np.array([-1e4, -600.0, -40.0, -1e-9, 0.0, 0.3, 36.0, 800.0, -np.inf, np.inf, np.nan])


def test_expit_is_exact_in_both_tails():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(expit(_LOGITS), special.expit(_LOGITS), rtol=1e-12)
    assert expit([-40.0])[0] > 0


def test_logit_is_the_inverse_and_tells_the_ends():
    p = np.array([0.0, 1e-300, 1e-12, 0.25, 0.5, 1 - 1e-12, 1.0, -0.1, 1.1])
    np.testing.assert_allclose(logit(p), special.logit(p), rtol=1e-12)
    np.testing.assert_allclose(logit(expit([-40.0, -2.0, 0.3, 9.0])), [-40.0, -2.0, 0.3, 9.0], rtol=1e-9)


def test_a_bounded_logit_is_finite_where_there_is_a_probability():
    found = bounded_logit([0.0, 1e-7, 0.25, 1.0, np.nan])
    np.testing.assert_allclose(found, [*special.logit([1e-6, 1e-6, 0.25, 1 - 1e-6]), np.nan], rtol=1e-9)
    assert bounded_logit(1.0, 0.1) == special.logit(0.9)
