"""What a run is: pydantic models, YAML files, dotted overrides."""

from tumorcast.config.load import load_config, validate
from tumorcast.config.models import RunConfig

__all__ = ["RunConfig", "load_config", "validate"]
