"""Where runs are compared: the settings of MLflow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from tumorcast.config.section import Section
from tumorcast.domain.addresses import holds_password


class TrackingConfig(Section):
    """MLflow. Names and passwords of a server come by the environment (docs/mlflow.md), never by the configuration.

    Attributes:
        uri: its address; None is $MLFLOW_TRACKING_URI, else `sqlite:///mlflow.db`, artifacts in `mlartifacts/`.
        register_as: name of the registered model; None registers none.
        offline: send nothing; everything is kept in the run's folder for `tumorcast mlflow sync`.
        parent: id or name of the run that this one is compared with; None is the newest earlier one on the same data.
        wait: seconds that the end of a training waits, at most, until the rest is sent.
    """

    enabled: bool = True
    uri: str | None = None
    experiment: str = "tumorcast"
    register_as: str | None = "tumorcast"
    offline: bool = False
    parent: str | None = None
    wait: Annotated[float, Field(ge=0)] = 300

    @field_validator("uri")
    @classmethod
    def _uri_holds_no_password(cls, uri: str | None) -> str | None:
        if uri and holds_password(uri):
            raise ValueError("a password does not belong here; give the address in $MLFLOW_TRACKING_URI")
        return uri
