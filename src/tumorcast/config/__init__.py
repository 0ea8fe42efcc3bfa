"""What a run is: pydantic models, YAML files, dotted overrides."""
