"""MLflow's tracking: one run a training, nested runs a fold; rank 0 only. The registry is in `registry.py`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tumorcast.config.models import TrackingConfig
from tumorcast.training.files import write_text
from tumorcast.training.fit import quiet
from tumorcast.training.registry import log_bundle

_RUN_ID = "mlflow_run_id"


class Tracker:
    """Logs one training to MLflow; with `enabled=False` every call does nothing."""

    def __init__(self, tracking: TrackingConfig, folder: Path, name: str) -> None:
        self.tracking, self.folder, self.name = tracking, folder, name

    @property
    def uri(self) -> str:
        return self.tracking.uri or "sqlite:///mlflow.db"

    @contextmanager
    def run(self, config: dict[str, Any], tags: dict[str, str]) -> Iterator[None]:
        """The parent run; a resumed training goes on in the run that it began."""
        if not self.tracking.enabled:
            yield
            return
        import mlflow

        with quiet():
            mlflow.set_tracking_uri(self.uri)
            experiment_id = self._experiment()
            mlflow.set_experiment(experiment_id=experiment_id)  # nested runs go where their parent is
            known = self.folder / _RUN_ID
            run_id = known.read_text(encoding="utf-8") if known.is_file() else None
            run = mlflow.start_run(
                run_id=run_id,
                experiment_id=None if run_id else experiment_id,
                run_name=None if run_id else self.name,
            )
        write_text(known, run.info.run_id)
        try:
            if run_id is None:
                mlflow.log_params(_flat(config))
            mlflow.set_tags(tags)
            yield
        except BaseException:
            mlflow.end_run("FAILED")
            raise
        mlflow.end_run()

    def _experiment(self) -> str:
        import mlflow

        found = mlflow.get_experiment_by_name(self.tracking.experiment)
        if found is not None:
            return str(found.experiment_id)
        local = Path("mlartifacts").absolute().as_uri() if self.tracking.uri is None else None
        return str(mlflow.create_experiment(self.tracking.experiment, artifact_location=local))

    def set_tags(self, tags: dict[str, str]) -> None:
        """Tags of the current run."""
        if self.tracking.enabled:
            import mlflow

            mlflow.set_tags(tags)

    def log_metrics(self, metrics: dict[str, float]) -> None:
        """Metrics of the current run; values that are not finite are left out."""
        if self.tracking.enabled:
            import mlflow

            mlflow.log_metrics({k: v for k, v in metrics.items() if v == v and abs(v) != float("inf")})

    def log_fold(
        self, name: str, metrics: dict[str, float], curves: dict[str, list[dict[str, float]]]
    ) -> None:
        """A nested run: the fold's metrics, and each member's losses by epoch."""
        if not self.tracking.enabled or self._has_child(name):
            return
        import mlflow

        with mlflow.start_run(run_name=name, nested=True):
            mlflow.set_tag("fold", name)
            self.log_metrics(metrics)
            for member, epochs in curves.items():
                for losses in epochs:
                    step = int(losses["epoch"])
                    mlflow.log_metrics(
                        {f"{member}.{k}": v for k, v in losses.items() if k != "epoch"}, step=step
                    )

    def _has_child(self, name: str) -> bool:
        import mlflow

        parent = mlflow.active_run()
        if parent is None:
            return False
        where = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' and tags.fold = '{name}'"
        found = mlflow.search_runs(
            experiment_ids=[parent.info.experiment_id], filter_string=where, output_format="list"
        )
        return len(found) > 0

    def log_files(self, folder: Path, to: str) -> None:
        """A folder of files as artifacts."""
        if self.tracking.enabled:
            import mlflow

            mlflow.log_artifacts(str(folder), to)

    def log_file(self, path: Path) -> None:
        """One file as an artifact."""
        if self.tracking.enabled:
            import mlflow

            mlflow.log_artifact(str(path))

    def register(self, bundle: Path) -> None:
        """Log the bundle's ONNX predictor with its signature, and register the whole bundle as a model to serve."""
        if not self.tracking.enabled:
            return
        import mlflow
        import onnx
        import onnxruntime

        graph = onnx.load(bundle / "predictor.onnx")
        with quiet():
            mlflow.onnx.log_model(
                graph,
                name="predictor",
                signature=_signature(graph),
                pip_requirements=[f"onnxruntime=={onnxruntime.__version__}"],
            )
            log_bundle(bundle, self.tracking.register_as)


def git_commit() -> str:
    """The checked-out commit, with `-dirty` where files differ; "unknown" outside a checkout."""
    try:
        where = Path(__file__).resolve().parent
        words = ["git", "-C", str(where), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _signature(graph: Any) -> Any:
    import numpy as np
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def specs(values: Any) -> Any:
        made: list[Any] = []
        for value in values:
            tensor = value.type.tensor_type
            kind = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
            shape = [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]
            made.append(TensorSpec(kind, tuple(shape), name=value.name))
        return Schema(made)

    return ModelSignature(specs(graph.graph.input), specs(graph.graph.output))


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat
