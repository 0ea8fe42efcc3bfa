"""The journal of a run: all that MLflow is to know, as JSON lines in the run's folder, whatever the network does.

`tracking/journal.jsonl`, a line an event, in order; `run` is "" for the run itself and a child's name for a child:

    {"do": "begin", "run": "", "at": ms, "uid": "...", "name": "...", "experiment": "..."}   also when it goes on
    {"do": "params", "run": "", "values": {"training.lr": "0.001"}}
    {"do": "tags", "run": "", "values": {"git_commit": "..."}}
    {"do": "metrics", "run": "fold0", "values": [["fused.auroc", 0.81, 0, ms]]}              key, value, step, time
    {"do": "file", "run": "", "path": "figures", "to": "figures", "digest": "..."}      relative to the folder
    {"do": "register", "run": "", "path": "bundle", "name": "tumorcast"}
    {"do": "begin", "run": "fold0-trial3", "at": ms, "name": "...", "parent": "fold0"}       a child of a child
    {"do": "end", "run": "", "at": ms, "status": "FINISHED"}       "is_broken" for a child whose run broke off
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from tumorcast.domain.errors import InputError

Event = dict[str, Any]

_ALWAYS = ("begin", "end")
_OPEN, _BROKEN = "open", "broken"


def journal_of(folder: Path) -> Path:
    """Where the journal of the run in `folder` lies."""
    return folder / "tracking" / "journal.jsonl"


def read_events(path: Path, after: int = 0) -> list[Event]:
    """The events after the first `after`; a last line that is not whole yet is left out.

    Raises:
        InputError: a line is not an event.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        events = [json.loads(line) for line in lines[after:]]
        if not all(isinstance(event, dict) and {"do", "run"} <= event.keys() for event in events):
            raise ValueError("a line that is no event")
        return events
    except ValueError as error:
        raise InputError(
            f"{path} is damaged", got=str(error), expected="one JSON object a line", fix="remove the line"
        ) from error


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def digest_of(path: Path) -> str:
    """One digest of a file, or of a folder's files and their names."""
    found = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        found.update(file.relative_to(path).as_posix().encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:16]


class Journal:
    """Appends events; what stands there as the last word already (a run that goes on) is not written twice."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, journal_of(folder)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._drop_torn_line()
        before = read_events(self.path)
        self._known: dict[tuple[str, ...], str] = {}
        self._ends: dict[str, str] = {}
        for event in before:
            self._remember(event)
        begun = [event for event in before if event["do"] == "begin" and event["run"] == ""]
        self.uid = str(begun[0]["uid"]) if begun else uuid.uuid4().hex

    def add(self, do: str, run: str = "", **said: Any) -> None:
        """One event, on the disk when this returns, unless all that it says was said last."""
        event: Event = {"do": do, "run": run} | said
        if do not in _ALWAYS and all(self._known.get(about) == value for about, value in _sayings(event)):
            return
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(event, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._remember(event)

    def is_open(self, run: str) -> bool:
        """True where it was begun and not ended since."""
        return self._ends.get(run) == _OPEN

    def is_whole(self, run: str) -> bool:
        """True where it ended, and not because the run above it broke off."""
        return self._ends.get(run, _OPEN) not in (_OPEN, _BROKEN)

    def open_children(self) -> list[str]:
        """Children that were begun and not ended, the innermost first."""
        return [run for run in reversed(self._ends) if run and self.is_open(run)]

    def _remember(self, event: Event) -> None:
        self._known |= dict(_sayings(event))
        if event["do"] in _ALWAYS:
            is_end, name = event["do"] == "end", event["run"]
            self._ends[name] = (_BROKEN if event.get("is_broken") else "ended") if is_end else _OPEN

    def inside(self, path: Path) -> str:
        """A path as the journal writes it: relative to the run's folder, absolute where it lies outside."""
        absolute, home = path.absolute(), self.folder.absolute()
        return (absolute.relative_to(home) if absolute.is_relative_to(home) else absolute).as_posix()

    def _drop_torn_line(self) -> None:
        if self.path.is_file():
            text = self.path.read_bytes()
            if text and not text.endswith(b"\n"):
                with self.path.open("r+b") as file:
                    file.truncate(text.rfind(b"\n") + 1)


def _sayings(event: Event) -> list[tuple[tuple[str, ...], str]]:
    """(What an event is about, what it says of it): a tag, a setting, a point of a curve, a file, a model."""
    kind, values = (event["do"], event["run"]), event.get("values")
    if event["do"] == "metrics" and values:
        return [((*kind, key, str(step)), repr(float(value))) for key, value, step, _ in values]
    if isinstance(values, dict):
        return [((*kind, key), str(value)) for key, value in values.items()]
    place = (str(event.get("path")), str(event.get("to")))
    return [((*kind, *place), f"{event.get('digest')} {event.get('name')}")]
