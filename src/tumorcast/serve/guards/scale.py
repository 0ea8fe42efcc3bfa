"""Is a study's expression on the scale of the training data: log2(TPM + 1) or z-scores?"""

from __future__ import annotations

import numpy as np

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.readers.study import Study


def scale_mismatch(study: Study, prepared: Preprocessor) -> str | None:
    """What is wrong with the study's expression for this model; None where nothing is, or none is there.

    log2(TPM + 1) is never negative, and of z-scores about half are: a negative value among the study's, or a
    negative mean among the model's genes, tells z-scores.
    """
    on_nodes = prepared.graph.layers if prepared.graph else {}
    scaler = prepared.layers.get("expression", on_nodes.get("expression"))
    if study.expression is None or not isinstance(scaler, LayerScaler):
        return None
    given = _named(study.expression.to_numpy())
    wanted = _named(scaler.mean)
    return None if given == wanted else f"{given}, the model was trained on {wanted}"


def _named(values: np.ndarray) -> str:
    return "z-scores" if bool((values < 0).any()) else "log2(TPM + 1)"
