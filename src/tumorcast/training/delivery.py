"""What a run's journal holds is brought to an MLflow server: once, whatever breaks in between."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tumorcast.domain.addresses import without_password
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.slides.leases import Leases
from tumorcast.training.config_diff import config_diff, parent_of
from tumorcast.training.journal import Event, journal_of, read_events
from tumorcast.training.mlflow_server import be_brief, experiment_id
from tumorcast.training.run_views import NOTE_TAG, refresh_views
from tumorcast.training.sent import DeliveryError, Sent, problem_of

UID_TAG = "tumorcast_uid"
"""`UID` of a run, `UID/CHILD` of a child: how a run that was sent before is found again."""

_PARAMS, _TAGS, _METRICS = 100, 100, 900
_LONGEST_PARAM, _LONGEST_TAG = 6000, 5000
_FINAL = {"INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST", "INVALID_STATE"}
"""Answers that would be the same tomorrow."""
_FINAL_OF_EXTRAS = {*_FINAL, "PERMISSION_DENIED"}
"""Models and views are left out where the server does not let this user make them."""
_FINAL_OF_FILES = (400, 413, 415)
"""Status with which a server or the proxy before it refuses a file: too large, of a wrong type."""


def deliver(folder: Path, uri: str, experiment: str | None = None) -> Sent:
    """Send what the server does not have yet of the run in `folder`; returns how far that came.

    Sent twice, a run is there once: runs are found by their `tumorcast_uid`, points carry the time at which
    they were recorded. A break half way is made good by the next call.

    Args:
        experiment: name of the experiment there; None is the one that the run was made for.

    Raises:
        DeliveryError: the server cannot be reached, refuses, or MLflow is not installed here.
        InputError: the folder has no journal, or the run was deleted on the server.
    """
    begun = next((e for e in read_events(journal_of(folder)) if e["do"] == "begin"), None)
    if begun is None:
        raise InputError(
            f"{folder} has no journal of a run",
            expected=f"{journal_of(folder)}, which `tumorcast train` writes",
            fix="name the folders of runs, such as runs/*",
        )
    begun = begun | ({"experiment": experiment} if experiment else {})
    with Leases(journal_of(folder).with_name("senders")) as leases:
        if not leases.claim("sender"):
            raise DeliveryError(
                f"{folder.name} is being sent by another process", fix="wait until it is done"
            )
        return _deliver(folder, uri, begun)


def _deliver(folder: Path, uri: str, begun: Event) -> Sent:
    sent = Sent.of(folder, uri)
    try:
        _Sender(folder, uri, begun, sent).send()
    except Exception as error:
        sent.problem = problem_of(error)
        sent.keep()
        if isinstance(error, TumorcastError):
            raise
        raise DeliveryError(
            f"{folder.name} could not be sent to {without_password(uri)}", got=sent.problem
        ) from error
    sent.problem = ""
    sent.keep()
    return sent


@dataclass
class _Batch:
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: list[list[Any]] = field(default_factory=list)


class _Sender:
    """One pass over a journal."""

    def __init__(self, folder: Path, uri: str, begun: Event, sent: Sent) -> None:
        be_brief()
        from mlflow import MlflowClient

        self.folder, self.uri, self.begun, self.sent = folder, uri, begun, sent
        self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self.batches: dict[str, _Batch] = {}

    def send(self) -> None:
        self._find()
        events = read_events(journal_of(self.folder), self.sent.lines)
        for number, event in enumerate(events, self.sent.lines + 1):
            self._take(event)
            if not self.batches:
                self._keep(number)
        self._flush()
        self._keep(self.sent.lines if not events else number)

    def _keep(self, lines: int) -> None:
        self.sent.lines = lines
        self.sent.keep()

    def _find(self) -> None:
        """Experiment and run, as they are there; ids that the server does not know are forgotten."""
        from mlflow.exceptions import MlflowException

        known = self.sent.runs.get("")
        if known:
            try:
                self._refuse_deleted(self.client.get_run(known))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                self.sent.forget()
        if not self.sent.experiment_id:
            self.sent.experiment_id = experiment_id(self.client, self.begun["experiment"], self.uri)

    def _refuse_deleted(self, run: Any) -> None:
        if run.info.lifecycle_stage == "deleted":
            raise InputError(
                f"{self.folder.name} was deleted on the server",
                got=f"run {run.info.run_id}",
                fix=f"restore it there, or remove {self.sent.path} to send it anew",
            )

    def _take(self, event: Event) -> None:
        match event["do"]:
            case "begin":
                self._begin(event)
            case "params":
                self._batch(event).params.update(event["values"])
                self._compare(event)
            case "tags":
                self._batch(event).tags.update(self._described(event["values"]))
            case "metrics":
                self._batch(event).metrics.extend(event["values"])
            case "end":
                self._flush()
                self._drop_doubles(event["run"])
                self.client.set_terminated(self.sent.runs[event["run"]], event["status"], event["at"])
                if not event["run"] and event["status"] == "FINISHED":
                    self._final(self._refresh_views, final=_FINAL_OF_EXTRAS)
            case "file":
                self._flush()
                self._file(event)
            case "register":
                self._flush()
                self._register(event)

    def _refresh_views(self) -> None:
        refresh_views(self.client, self.sent.experiment_id, self.sent.runs[""])

    def _batch(self, event: Event) -> _Batch:
        return self.batches.setdefault(event["run"], _Batch())

    def _begin(self, event: Event) -> None:
        name = event["run"]
        self._flush()
        if name in self.sent.runs:
            self.client.update_run(self.sent.runs[name], "RUNNING")
            return
        if found := self._marked(name):
            self.sent.runs[name] = max(found, key=_filling).info.run_id
            return
        tags = {UID_TAG: self._mark(name), "mlflow.source.name": "tumorcast", "mlflow.source.type": "JOB"}
        if name:
            tags |= {"mlflow.parentRunId": self.sent.runs[event.get("parent", "")]}
        made = self.client.create_run(
            self.sent.experiment_id, start_time=event["at"], tags=tags, run_name=event["name"]
        )
        self.sent.runs[name] = made.info.run_id
        self.sent.keep()

    def _mark(self, name: str) -> str:
        uid = str(self.begun["uid"])
        return f"{uid}/{name}" if name else uid

    def _marked(self, name: str) -> list[Any]:
        """What the server has under the mark of this run or child."""
        where = f"tags.{UID_TAG} = '{self._mark(name)}'"
        return list(self.client.search_runs([self.sent.experiment_id], where, max_results=10))

    def _drop_doubles(self, name: str) -> None:
        """Empty runs that a server made which answered so late that it was asked again."""
        for run in self._marked(name):
            if run.info.run_id != self.sent.runs[name] and not _filling(run):
                self.client.delete_run(run.info.run_id)

    def _compare(self, event: Event) -> None:
        """Tags that tell the run before this one, and what is set otherwise."""
        if event["run"]:
            return
        before = parent_of(self.client, self.sent.experiment_id, self.begun)
        if before is None or before.info.run_id == self.sent.runs[""]:
            return
        lines = config_diff(before.data.params, event["values"])
        name = before.info.run_name
        self.sent.differs = f"**Differs from {name}**: " + ("; ".join(lines) or "in no setting")
        tags = self._batch(event).tags
        tags["config_diff"] = "\n".join(lines) or "(same settings)"
        tags["compared_with"] = f"{name} ({before.info.run_id})"

    def _described(self, tags: dict[str, str]) -> dict[str, str]:
        if NOTE_TAG in tags and self.sent.differs:
            return tags | {NOTE_TAG: f"{tags[NOTE_TAG]}\n\n{self.sent.differs}"}
        return tags

    def _flush(self) -> None:
        """Send what is collected, in as few requests as the server allows."""
        from mlflow.entities import Metric, Param, RunTag

        for name, batch in self.batches.items():
            run_id = self.sent.runs[name]
            params = [Param(key, str(value)[:_LONGEST_PARAM]) for key, value in batch.params.items()]
            tags = [RunTag(key, str(value)[:_LONGEST_TAG]) for key, value in batch.tags.items()]
            points = [Metric(key, value, at, step) for key, value, step, at in batch.metrics]
            for kind, items, most in (
                ("params", params, _PARAMS),
                ("tags", tags, _TAGS),
                ("metrics", points, _METRICS),
            ):
                for part in _parts(items, most):
                    self._log(run_id, kind, part)
        self.batches.clear()

    def _log(self, run_id: str, kind: str, items: list[Any]) -> None:
        """One request; of a refused one the halves, until what the server does not take stands alone."""
        if len(items) == 1:
            self._final(self._send, run_id, kind, items)
            return
        from mlflow.exceptions import MlflowException

        try:
            self._send(run_id, kind, items)
        except MlflowException as error:
            if error.error_code not in _FINAL:
                raise
            for half in _parts(items, (len(items) + 1) // 2):
                self._log(run_id, kind, half)

    def _send(self, run_id: str, kind: str, items: list[Any]) -> None:
        named: dict[str, Any] = {kind: items}
        self.client.log_batch(run_id, **named)

    def _file(self, event: Event) -> None:
        path = self.folder / event["path"]
        if not path.exists():
            self._note(f"{event['path']} is no longer in {self.folder.name}")
            return
        run_id, is_file = self.sent.runs[event["run"]], path.is_file()
        for file in [path] if is_file else sorted(p for p in path.rglob("*") if p.is_file()):
            below = "." if is_file else file.parent.relative_to(path).as_posix()
            to = (PurePosixPath(event["to"]) / below).as_posix()
            self._final(self.client.log_artifact, run_id, str(file), None if to == "." else to)

    def _register(self, event: Event) -> None:
        from tumorcast.training.registry import register_bundle

        path = self.folder / event["path"]
        if path.exists():
            run_id = self.sent.runs[event["run"]]
            self._final(register_bundle, path, event["name"], run_id, self.uri, final=_FINAL_OF_EXTRAS)

    def _final(self, call: Callable[..., object], *words: Any, final: Collection[str] = _FINAL) -> None:
        """Call; what the server will never take is noted, and the rest goes on."""
        from mlflow.exceptions import MlflowException
        from requests import HTTPError

        try:
            call(*words)
        except MlflowException as error:
            if error.error_code not in final:
                raise
            self._note(problem_of(error))
        except HTTPError as error:
            if error.response is None or error.response.status_code not in _FINAL_OF_FILES:
                raise
            self._note(problem_of(error))

    def _note(self, refused: str) -> None:
        if refused not in self.sent.refused:
            self.sent.refused.append(refused)


def _filling(run: Any) -> int:
    return len(run.data.params) + len(run.data.metrics)


def _parts(items: list[Any], size: int) -> list[list[Any]]:
    return [items[k : k + size] for k in range(0, len(items), size)]
