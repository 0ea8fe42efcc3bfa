"""The registered model: a bundle that MLflow can load and serve, and the way back from the registry to a bundle."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tumorcast import __version__
from tumorcast.domain.errors import InputError
from tumorcast.serve.manifest import MANIFEST_NAME
from tumorcast.training import tracking

_CODE = Path(__file__).with_name("served_bundle.py")
_ARTIFACT = "bundle"
_PREDICTOR, _MODEL = "predictor", "model"


def log_bundle(bundle: Path, register_as: str | None) -> Any:
    """Log a bundle as a pyfunc model of the current run, from code, and register it; returns MLflow's `ModelInfo`."""
    import mlflow
    import onnxruntime

    return mlflow.pyfunc.log_model(
        name=_MODEL,
        python_model=str(_CODE),
        artifacts={_ARTIFACT: str(bundle)},
        signature=_signature(),
        registered_model_name=register_as,
        pip_requirements=[f"tumorcast=={__version__}", f"onnxruntime=={onnxruntime.__version__}"],
    )


def register_bundle(bundle: Path, register_as: str | None, run_id: str, uri: str) -> None:
    """Log the bundle's ONNX predictor with its signature, and register the whole bundle as a model to serve.

    A run whose bundle is registered already is left as it is.
    """
    import mlflow
    import onnx
    import onnxruntime

    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    if register_as and client.search_model_versions(f"run_id = '{run_id}'", max_results=1):
        _drop_doubles(client, run_id)
        return
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    run = client.get_run(run_id)
    logged = _logged(client, run)
    with mlflow.start_run(run_id=run_id):
        if _PREDICTOR not in logged:
            graph = onnx.load(bundle / "predictor.onnx")
            mlflow.onnx.log_model(
                graph,
                name=_PREDICTOR,
                signature=_graph_signature(graph),
                pip_requirements=[f"onnxruntime=={onnxruntime.__version__}"],
            )
        if _MODEL not in logged:
            log_bundle(bundle, register_as)
        elif register_as:
            mlflow.register_model(f"models:/{logged[_MODEL]}", register_as)
    client.update_run(run_id, run.info.status)
    _drop_doubles(client, run_id)


def _logged(client: Any, run: Any) -> dict[str, str]:
    """Name -> id of the models that this run has whole; begun ones (a break, a late answer) are deleted."""
    whole = {}
    for model in client.search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
    ):
        if str(model.status) == "READY":
            whole[model.name] = model.model_id
        elif model.name in (_PREDICTOR, _MODEL):
            client.delete_logged_model(model.model_id)
    return whole


def _drop_doubles(client: Any, run_id: str) -> None:
    """Of versions of one model that a server made which was asked twice, the first stays."""
    versions = sorted(
        client.search_model_versions(f"run_id = '{run_id}'"), key=lambda version: int(version.version)
    )
    first: set[tuple[str, str]] = set()
    for version in versions:
        made = (version.name, version.source)
        if made in first:
            client.delete_model_version(version.name, version.version)
        first.add(made)


def fetch_bundle(uri: str, tracking_uri: str | None, folder: Path) -> Path:
    """Download the bundle of `models:/NAME/VERSION` (or `@ALIAS`, or `runs:/ID/...`) below `folder`.

    Raises:
        InputError: there is no such model, or it holds no bundle.
    """
    import mlflow

    mlflow.set_tracking_uri(tracking.tracking_uri(tracking_uri))
    try:
        found = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (mlflow.exceptions.MlflowException, OSError) as error:
        raise InputError(
            f"{uri} cannot be fetched",
            got=str(error).splitlines()[0],
            expected="models:/NAME/VERSION of the registry at --tracking-uri",
        ) from error
    bundles = sorted(path.parent for path in found.rglob(MANIFEST_NAME))
    if len(bundles) != 1:
        raise InputError(
            f"{uri} holds no bundle",
            got=f"{len(bundles)} files {MANIFEST_NAME}",
            fix="register the model with this version of tumorcast (`tumorcast train`)",
        )
    return bundles[0]


def export_bundle_of(source: str, out: Path, tracking_uri: str | None = None) -> None:
    """Copy a bundle from the registry, a run's folder or a bundle to `out`, a folder or, by its suffix, a zip.

    Raises:
        BundleError: it is damaged.
        InputError: there is none, or `out` is there already.
    """
    import shutil

    from tumorcast.readers.files import replaced_folder
    from tumorcast.serve.bundle import check_files
    from tumorcast.serve.bundle_zip import pack_bundle

    if out.exists():
        raise InputError("a bundle is exported to a new place", got=f"{out} is there already")
    with TemporaryDirectory() as work:
        if ":/" in source:
            path = fetch_bundle(source, tracking_uri, Path(work))
        else:
            path = Path(source)
            path = path / _ARTIFACT if (path / _ARTIFACT / MANIFEST_NAME).is_file() else path
        checked = check_files(path)
        if out.suffix == ".zip":
            pack_bundle(checked.folder, out, checked.manifest)
            return
        with replaced_folder(out) as target:
            shutil.copytree(checked.folder, target, dirs_exist_ok=True)


def _graph_signature(graph: Any) -> Any:
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


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    inputs = Schema([ColSpec("string", "study"), ColSpec("string", "features", required=False)])
    params = ParamSchema([ParamSpec(name, "boolean", False) for name in ("demonstrate", "trust_features")])
    return ModelSignature(inputs=inputs, params=params)
