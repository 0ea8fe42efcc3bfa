"""How far a search is, as one line after each trial."""

from __future__ import annotations

import time
from collections.abc import Callable

from tumorcast.config.space import SearchConfig
from tumorcast.training.search_trials import Trials


class Progress:
    """Tells trial i of n, the best so far and the time left, judged by how fast all workers finished trials since.

    Args:
        label: of the search. tell: takes the lines.
    """

    def __init__(self, label: str, search: SearchConfig, tell: Callable[[str], None]) -> None:
        self._label, self._search, self._tell = label, search, tell
        self._began = time.monotonic()
        self._before: int | None = None

    def step(self, trials: Trials) -> None:
        """After one trial of this process."""
        tried = [trial for trial in trials.tried() if trial.value is not None or trial.reason]
        done, last = trials.n_done(), max(tried, key=lambda trial: trial.number, default=None)
        if self._before is None:
            self._before = done - 1
        rate = (done - self._before) / max(time.monotonic() - self._began, 1e-9)
        best = trials.best()
        words = [f"{self._label}: trial {done} of {self._search.trials}"]
        if last is not None:
            words.append(last.state if last.value is None else f"{last.state} at {last.value:.4f}")
        if best is not None and best.value is not None:
            words.append(f"best {best.value:.4f} (trial {best.number})")
        if done < self._search.trials:
            words.append(f"about {duration((self._search.trials - done) / rate)} left")
        self._tell(", ".join(words))


def duration(seconds: float) -> str:
    """A time span in the largest unit that fits."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}" if unit == "h" else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
