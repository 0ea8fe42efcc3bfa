"""The Lightning loop, cross-validation, checkpoints, MLflow tracking."""
