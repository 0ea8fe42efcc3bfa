"""Tracking: a run is written down in its folder (`journal.py`) and sent to MLflow from there; rank 0 only.

MLflow is not imported here: a compute node needs neither it nor a network.
"""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tumorcast.config.tracking import TrackingConfig
from tumorcast.domain.addresses import without_password
from tumorcast.readers.file_systems import refuse_shared_database
from tumorcast.training.config_diff import flat_config, settings_of
from tumorcast.training.courier import Courier
from tumorcast.training.files import write_text
from tumorcast.training.journal import Journal, digest_of, now
from tumorcast.training.run_views import LIST_VIEW, NOTE_TAG, PAIR_VIEW, server_lines, view_address
from tumorcast.training.sent import Sent

DEFAULT_URI = "sqlite:///mlflow.db"
_PACKAGE = Path(__file__).resolve().parents[1]
_RUN_ID = "mlflow_run_id"
_WAIT_OF_A_STOP = 10.0
"""A stop on request (a cluster that wants its node back) does not wait for a server."""

Curve = Sequence[Mapping[str, float]]


def tracking_uri(named: str | None) -> str:
    """The address of MLflow: as named, else $MLFLOW_TRACKING_URI, else a local database."""
    return named or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


class Tracker:
    """Records one training; with `enabled=False` every call does nothing.

    What is recorded stands in the run's folder at once and is sent by a process of its own. A server that is slow, down
    or refuses costs the training nothing; `tumorcast mlflow sync` sends later what is missing.

    Args:
        folder: the run's folder.
        name: of the run.
        tell: takes lines for people.
    """

    def __init__(
        self, tracking: TrackingConfig, folder: Path, name: str, tell: Callable[[str], None] | None = None
    ) -> None:
        self.tracking, self.folder, self.name = tracking, folder, name
        self._tell = tell or (lambda text: None)
        self._journal: Journal | None = None
        self._has_told = False

    @property
    def uri(self) -> str:
        return tracking_uri(self.tracking.uri)

    @property
    def sent(self) -> Sent:
        """How far the server has what was recorded."""
        return Sent.of(self.folder, self.uri)

    @contextmanager
    def run(self, config: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[None]:
        """The run; a resumed training goes on in the run that it began.

        Raises:
            ConfigError: the address is a SQLite database on a file system that machines share.
        """
        if not self.tracking.enabled:
            yield
            return
        if not self.tracking.offline:
            refuse_shared_database(
                self.uri,
                "tracking.uri",
                "name a server (tracking.uri=https://...; docs/mlflow.md), or record in the run's folder "
                "(tracking.offline=true) and send later with `tumorcast mlflow sync`",
            )
        self._journal = Journal(self.folder)
        self._begin(config, tags)
        courier = None if self.tracking.offline else Courier(self.folder, self.uri, self.tracking.wait)
        try:
            yield
        except BaseException as error:
            status = "FAILED" if isinstance(error, Exception) else "KILLED"
            for child in self._journal.open_children():
                self._add("end", child, at=now(), status=status, is_broken=True)
            self._add("end", at=now(), status=status)
            self._finish(courier, min(self.tracking.wait, _WAIT_OF_A_STOP))
            raise
        self._add("end", at=now(), status="FINISHED")
        self._finish(courier, self.tracking.wait)

    def _begin(self, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        assert self._journal is not None
        self._add(
            "begin",
            at=now(),
            uid=self._journal.uid,
            name=self.name,
            experiment=self.tracking.experiment,
            parent=self.tracking.parent,
            data=tags.get("data_sha256"),
        )
        self._add("params", values=settings_of(config))
        self._add("tags", values={"kind": "run"} | dict(tags))

    def _finish(self, courier: Courier | None, seconds: float) -> None:
        """Wait for the rest to be sent, not longer than that, and say what was not."""
        if courier is None:
            self._tell(f"MLflow: recorded in {self.folder / 'tracking'}, not sent; {self._remedy}")
            return
        missing = courier.finish(seconds)
        told = self.sent
        if told.runs.get(""):
            write_text(self.folder / _RUN_ID, told.runs[""])
        if missing:
            why = told.problem or missing
            self._tell(f"MLflow: not all was sent to {without_password(self.uri)} ({why}); {self._remedy}")
        for line in told.refused:
            self._tell(f"MLflow: the server does not take this: {line}")

    @property
    def _remedy(self) -> str:
        return f"send it with `tumorcast mlflow sync {self.folder} --uri URI`"

    def check(self) -> None:
        """Say once, while the run goes on, that the server cannot be reached."""
        if self._journal is None or self.tracking.offline or self._has_told:
            return
        if problem := self.sent.problem:
            self._has_told = True
            self._tell(f"MLflow: {problem}; the run goes on and keeps everything in {self.folder}")

    def where(self) -> list[str]:
        """Lines that say where runs are compared; none where nothing was sent."""
        if self._journal is None or self.tracking.offline or not (sent := self.sent).experiment_id:
            return []
        lines, server = server_lines(without_password(self.uri))
        pages = (("compare runs", LIST_VIEW, False), ("the best two", PAIR_VIEW, True))
        return lines + [
            f"{label} {view_address(server, sent.experiment_id, view, is_charts)}"
            for label, view, is_charts in pages
        ]

    def _add(self, do: str, run: str = "", **said: Any) -> None:
        if self._journal is not None:
            self._journal.add(do, run, **said)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags of the run."""
        self._add("tags", values=dict(tags))

    def describe(self, markdown: str) -> None:
        """The run's description, as its page shows it."""
        self._add("tags", values={NOTE_TAG: markdown})

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Metrics of the run; values that are not finite are left out."""
        self._points("", metrics)

    def log_curve(self, losses: Curve) -> None:
        """Metrics by epoch, of the run itself: `{"epoch": 0, "train_loss": ..., "val_loss": ...}` an epoch."""
        self._curve("", losses)

    def log_fold(
        self, name: str, metrics: Mapping[str, float], curves: Mapping[str, Sequence[Mapping[str, float]]]
    ) -> None:
        """A fold as a child run: its metrics, and each member's losses by epoch."""
        self.log_child(name, "fold", metrics, curves, tags={"fold": name})
        self.check()

    def begin_child(self, name: str, kind: str) -> None:
        """A child run that is still at work and has children of its own (an outer fold whose trials are logged)."""
        if self._journal and not (self._journal.is_open(name) or self._journal.is_whole(name)):
            self._add("begin", name, at=now(), name=name)
            self._add("tags", name, values={"kind": kind})

    def log_child(
        self,
        name: str,
        kind: str,
        metrics: Mapping[str, float],
        curves: Mapping[str, Curve] | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        status: str = "FINISHED",
        parent: str = "",
        times: tuple[int, int] | None = None,
    ) -> None:
        """A child run, whole (a fold, a trial); a child of that name that stands already is left as it is.

        Args:
            kind: what it is, as the tag `kind`.
            curves: losses by epoch; their keys become `NAME.train_loss`, with the empty name `train_loss`.
            params: settings that differ from the run's.
            status: FINISHED, FAILED, or KILLED (pruned).
            parent: the child that it is a child of; "" is the run.
            times: when it began and ended, in ms since 1970; None is now.
        """
        if self._journal is None or self._journal.is_whole(name):
            return
        began, ended = times or (now(), now())
        above = {"parent": parent} if parent else {}
        self._add("begin", name, at=began, name=name, **above)
        self._add("tags", name, values={"kind": kind} | dict(tags or {}))
        if params:
            self._add("params", name, values=flat_config(params))
        self._points(name, metrics)
        for prefix, losses in (curves or {}).items():
            self._curve(name, losses, f"{prefix}." if prefix else "")
        self._add("end", name, at=ended if times else now(), status=status)

    def _curve(self, run: str, losses: Curve, prefix: str = "") -> None:
        at = now()
        values = [
            [f"{prefix}{key}", float(value), int(epoch["epoch"]), at]
            for epoch in losses
            for key, value in epoch.items()
            if key != "epoch" and math.isfinite(value)
        ]
        if values:
            self._add("metrics", run, values=values)

    def _points(self, run: str, metrics: Mapping[str, float]) -> None:
        at = now()
        values = [[key, float(value), 0, at] for key, value in metrics.items() if math.isfinite(value)]
        if values:
            self._add("metrics", run, values=values)

    def log_files(self, folder: Path, to: str) -> None:
        """A folder of files as artifacts; they stay where they are until they are sent."""
        self._file(folder, to)

    def log_file(self, path: Path) -> None:
        """One file as an artifact."""
        self._file(path, "")

    def _file(self, path: Path, to: str) -> None:
        if self._journal is not None and path.exists():
            self._add("file", path=self._journal.inside(path), to=to, digest=digest_of(path))

    def register(self, bundle: Path) -> None:
        """The bundle's ONNX predictor with its signature, and the whole bundle as a registered model to serve."""
        if self._journal is not None:
            self._add("register", path=self._journal.inside(bundle), name=self.tracking.register_as)


def git_commit(package: Path = _PACKAGE) -> str:
    """The commit that the package was checked out from, with `-dirty` where files differ; "unknown" elsewhere.

    A package that is installed in an environment inside somebody's repository is not of that repository's commit.
    """
    try:
        top = Path(_git(package, "rev-parse", "--show-toplevel"))
        if (top / "src" / package.name).resolve() != package.resolve():
            return "unknown"
        return _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
