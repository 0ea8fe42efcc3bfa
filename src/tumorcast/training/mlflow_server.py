"""An MLflow server as its clients meet it: how long they wait, and where an experiment's artifacts lie."""

from __future__ import annotations

import os
from typing import Any

from tumorcast.readers.file_systems import sqlite_file

_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def be_brief() -> None:
    """Short timeouts and few retries for MLflow's requests, where the environment does not say otherwise."""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)


def experiment_id(client: Any, name: str, uri: str) -> str:
    """The experiment of that name, made where there is none; artifacts of a local database lie beside it."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    database = sqlite_file(uri)
    beside = (database.absolute().parent / "mlartifacts").as_uri() if database else None
    try:
        tags = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(name, artifact_location=beside, tags=tags))
    except MlflowException as error:  # another run made it at this moment
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(client.get_experiment_by_name(name).experiment_id)
