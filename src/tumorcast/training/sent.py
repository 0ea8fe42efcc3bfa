"""How far a run was sent to a server, and what may be said of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from tumorcast.domain.addresses import without_password
from tumorcast.domain.errors import TumorcastError
from tumorcast.training.files import write_text
from tumorcast.training.journal import journal_of


class DeliveryError(TumorcastError):
    """The server was not reached or did not take what was sent; what is in the run's folder can be sent later."""


@dataclass
class Sent:
    """How far a run's journal was sent to one server; kept beside the journal.

    Attributes:
        runs: name in the journal ("" the run, else a child) -> id on the server.
        lines: events that the server has.
        refused: what the server will never take, as lines for people.
        problem: why the last try stopped; empty where all was sent.
        differs: how the run's settings differ from those of the run before it there, for its description.
    """

    path: Path
    experiment_id: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    refused: list[str] = field(default_factory=list)
    problem: str = ""
    differs: str = ""

    @classmethod
    def of(cls, folder: Path, uri: str) -> Sent:
        """What is known of this run on this server."""
        mark = hashlib.sha256(without_password(uri).rstrip("/").encode()).hexdigest()[:8]
        path = journal_of(folder).with_name(f"sent-{mark}.json")
        try:
            return cls(path, **json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # none, or damaged: the run is found again by its uid
            return cls(path)

    def keep(self) -> None:
        told = {key: value for key, value in vars(self).items() if key != "path"}
        write_text(self.path, json.dumps(told, indent=1))

    def forget(self) -> None:
        """As if nothing had been sent."""
        self.experiment_id, self.runs, self.lines, self.refused = "", {}, 0, []


def problem_of(error: BaseException) -> str:
    """What went wrong in a line, short, without addresses that hold a password."""
    if isinstance(error, TumorcastError):
        text = error.what if error.got is None else f"{error.what}: {error.got}"
    else:
        text = str(error).strip() or type(error).__name__
    return " ".join(map(without_password, text.splitlines()[0].split()))[:300]
