"""Where the time of an encoding run went, by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import perf_counter, process_time, thread_time

READ, WAIT, ENCODE, PREPARE, STORE, DRAW = (
    "read and decode tiles",
    "wait for the encoder",
    "encode tiles",
    "open, find tissue",
    "write features",
    "draw pictures",
)


@dataclass
class _Stage:
    wall: float = 0.0
    cpu: float = 0.0


class Stopwatch:
    """Adds up wall and core time a stage, over threads. Stages of different threads overlap."""

    def __init__(self) -> None:
        self._stages: defaultdict[str, _Stage] = defaultdict(_Stage)
        self._lock, self.n_tiles = Lock(), 0
        self._began, self._cpu_began = perf_counter(), process_time()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time what happens within, in this thread."""
        wall, cpu = perf_counter(), thread_time()
        try:
            yield
        finally:
            with self._lock:
                self._stages[stage].wall += perf_counter() - wall
                self._stages[stage].cpu += thread_time() - cpu

    def table(self) -> str:
        """Stages with seconds, their share of the run and core-milliseconds a tile.

        An encoder may compute in threads of its own: it is given the core time that no other stage took.
        """
        wall, cpu = perf_counter() - self._began, process_time() - self._cpu_began
        elsewhere = sum(stage.cpu for name, stage in self._stages.items() if name != ENCODE)
        self._stages[ENCODE].cpu = max(cpu - elsewhere, 0.0)
        tiles = max(self.n_tiles, 1)
        lines = [f"{'stage':24s}{'seconds':>9s}{'of run':>8s}{'core-s':>9s}{'core-ms a tile':>16s}"]
        for name, stage in sorted(self._stages.items(), key=lambda each: -each[1].cpu):
            told = f"{stage.wall:9.1f}{stage.wall / wall:8.0%}{stage.cpu:9.1f}{1e3 * stage.cpu / tiles:16.2f}"
            lines.append(f"{name:24s}{told}")
        lines.append(f"{'run':24s}{wall:9.1f}{1:8.0%}{cpu:9.1f}{1e3 * cpu / tiles:16.2f}")
        lines.append(f"{self.n_tiles} tiles, {self.n_tiles / wall:.0f} a second; {self._verdict()}")
        lines.append("several threads work at once, so the seconds add up to more than the run")
        return "\n".join(lines)

    def _verdict(self) -> str:
        read, waited, busy = (self._stages[name].wall for name in (READ, WAIT, ENCODE))
        total = max(read + waited + busy, 1e-9)
        if waited > 0.2 * total:
            return f"tiles waited for the encoder {waited / total:.0%} of their time: it is the limit"
        if busy >= read:
            return f"encoding took {busy / total:.0%} of a tile's time: it is the limit"
        return f"reading took {read / total:.0%} of a tile's time: it is the limit"
