"""The registered model as MLflow runs it (models from code): a bundle that predicts study folders.

MLflow loads this file, not a pickle; the bundle is an artifact beside it and is verified when it is opened. Input: a
row a study, `study` (path of a study folder, as the serving process sees it) and, optionally, `features` (folder of
tile features). Output: the rows of `predictions.csv` with the column `study`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.keyring import read_keyring
from tumorcast.serve.predict import Request, predict_with

BUNDLE_ARTIFACT = "bundle"
KEYRING = "TUMORCAST_KEYRING"
"""Environment variable of the serving process: only a bundle signed by a key of this keyring is opened."""


class BundleModel(PythonModel):
    """A bundle behind `mlflow.pyfunc.load_model` and `mlflow models serve`."""

    _skip_type_hint_validation = True  # MLflow would warn whoever trains that `predict` has no type hints

    def load_context(self, context: Any) -> None:
        """Open the bundle; BundleError where a byte is not as it was exported."""
        told = os.environ.get(KEYRING)
        ring = read_keyring(Path(told)) if told else None
        self._bundle = load_bundle(Path(context.artifacts[BUNDLE_ARTIFACT]), ring, ring is not None)

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Predict every course of every study (without type hints, which MLflow would take for a schema).

        Args:
            model_input: table with `study` and, optionally, `features`.
            params: `demonstrate`, `trust_features` as of `tumorcast predict`.

        Raises:
            InputError: no column `study`, or a folder that is none.
        """
        table = pd.DataFrame(model_input)
        if "study" not in table:
            raise InputError(
                "no study to predict", got=f"columns {', '.join(map(str, table))}", expected="study"
            )
        with tempfile.TemporaryDirectory() as cache:
            made = [self._rows(row, Path(cache), params or {}) for row in table.to_dict("records")]
        joined = pd.concat(made, ignore_index=True)
        return joined.astype(object).where(joined.notna(), None)

    def _rows(self, row: dict[Any, Any], cache: Path, params: dict[str, Any]) -> pd.DataFrame:
        features = row.get("features")
        request = Request(
            cache=cache,
            features=Path(features) if isinstance(features, str) and features else None,
            demonstrate=bool(params.get("demonstrate", False)),
            trust_features=bool(params.get("trust_features", False)),
        )
        found = predict_with(self._bundle, read_study(Path(str(row["study"]))), request).table
        return found.assign(study=row["study"])


set_model(BundleModel())
