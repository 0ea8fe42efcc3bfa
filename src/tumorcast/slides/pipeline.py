"""Many slides to feature stores: overlapped, resumable, shared among processes, and no slide sinks another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from time import perf_counter

from tqdm import tqdm

from tumorcast.domain.errors import SlideError
from tumorcast.slides.ahead import ahead
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.job import EncodeJob, done_row
from tumorcast.slides.one_slide import Prepared, encode, keep, prepare, remarks
from tumorcast.slides.owner import remove_partials
from tumorcast.slides.report import ReportRow, failed_row, write_report
from tumorcast.slides.stopwatch import Stopwatch
from tumorcast.slides.tiles import n_threads
from tumorcast.slides.tuned_on import TunedOn, keep_record
from tumorcast.slides.work_queue import WorkQueue

_SLIDES_AHEAD = 2
_LOOK_AGAIN_SECONDS = 1.0
_REPORT_SECONDS = 2.0


def encode_slides(
    job: EncodeJob, files: Sequence[SlideFile], progress: bool = True, watch: Stopwatch | None = None
) -> list[ReportRow]:
    """Encode the slides one after the other; the next is opened and searched while one is encoded.

    A store that the same encoder, tile settings and source made is kept. Processes that are given the same
    output folder share the slides out among themselves; one that is killed loses its slides to the others.
    The report is kept up to date. Killed at any point, the same call goes on where it was.

    Args:
        job: what is done with each.
        files: the slides.
        progress: show bars on stderr.
        watch: told where the time goes.

    Returns:
        One row a slide, in order, as in `slides_report.csv`.
    """
    table = _Table(job, files, progress)
    if job.encoder.tuned_on:
        keep_record(TunedOn.from_text(job.encoder.tuned_on, job.encoder.id), job.out)
    with (
        WorkQueue(job.out, job.lease_seconds) as queue,
        ThreadPoolExecutor(n_threads(job.encoder), "tiles") as readers,
        table.bar as bar,
    ):
        run = _Run(job, queue, readers, progress, watch or Stopwatch())
        while missing := table.missing:
            for index, row in run.pass_over(missing, files):
                table.add(index, row)
            if busy := table.missing:
                bar.set_postfix_str(f"{len(busy)} with other encoders")
                time.sleep(_LOOK_AGAIN_SECONDS)
    return table.rows


def follow_slides(
    job: EncodeJob, files: Sequence[SlideFile], is_over: Callable[[], bool], progress: bool = True
) -> list[ReportRow]:
    """The rows of slides that other processes encode into `job.out`, as they come, with the report kept.

    Args:
        job: what they do.
        files: all the slides.
        is_over: True once none of them is left; what no one finished then gets a row `unfinished`.
        progress: show a bar on stderr.
    """
    table = _Table(job, files, progress)
    with WorkQueue(job.out, job.lease_seconds) as queue, table.bar:
        is_last_look = False
        while (missing := table.missing) and not is_last_look:
            is_last_look = is_over()
            for index in missing:
                row = known_row(job, queue, files[index])
                if row is not None:
                    table.add(index, row)
            if not is_last_look:
                time.sleep(_LOOK_AGAIN_SECONDS)
        for index in table.missing:
            table.add(index, failed_row(files[index], _unfinished()))
    return table.rows


def known_row(job: EncodeJob, queue: WorkQueue, file: SlideFile) -> ReportRow | None:
    """The row of a slide that needs no work: done, hopeless, or told by another process."""
    if file.problem is not None:
        return failed_row(file, file.problem)
    told = queue.told(file.store_name)
    if told is not None and told.status == "failed":
        return told
    try:
        done = done_row(job, file)
    except Exception as error:  # a damaged ready bag
        return failed_row(file, error)
    return done and (told or done)


def _unfinished() -> SlideError:
    return SlideError(
        "unfinished",
        "the processes that encoded ended before this slide was done",
        fix="run the same command again: it goes on where they stopped",
    )


class _Table:
    """Rows as they come, in any order; the bar follows, and every few seconds the report on disk."""

    def __init__(self, job: EncodeJob, files: Sequence[SlideFile], progress: bool) -> None:
        job.out.mkdir(parents=True, exist_ok=True)
        remove_partials(job.out)
        self._out, self._n_files = job.out, len(files)
        self._found: dict[int, ReportRow] = {}
        self._written = 0.0
        self.bar = tqdm(total=len(files), desc="slides", unit="slide", disable=not progress)

    @property
    def missing(self) -> list[int]:
        """Indices of files without a row."""
        return [index for index in range(self._n_files) if index not in self._found]

    @property
    def rows(self) -> list[ReportRow]:
        """In the order of the files."""
        return [self._found[index] for index in sorted(self._found)]

    def add(self, index: int, row: ReportRow) -> None:
        """The row of a slide that was missing."""
        self._found[index] = row
        self.bar.update()
        is_last = len(self._found) == self._n_files
        if is_last or perf_counter() - self._written > _REPORT_SECONDS:
            write_report(self._out, self.rows)
            self._written = perf_counter()


@dataclass(frozen=True)
class _Run:
    """What every slide of a call needs."""

    job: EncodeJob
    queue: WorkQueue
    readers: ThreadPoolExecutor
    progress: bool
    watch: Stopwatch

    def pass_over(self, chosen: list[int], files: Sequence[SlideFile]) -> Iterator[tuple[int, ReportRow]]:
        """Index and row of each chosen slide that is done, by whomever; those that others hold are left out."""
        with (
            ThreadPoolExecutor(1, "slides") as openers,
            closing(ahead(openers, lambda i: self._begin(files[i]), chosen, _SLIDES_AHEAD)) as begun,
        ):
            for index, future in zip(chosen, begun, strict=True):
                row = self._end(files[index], future)
                if row is not None:
                    yield index, row

    def _begin(self, file: SlideFile) -> Prepared | ReportRow | None:
        """Claim and prepare a slide; or its row, where it needs no work; None: another process holds it."""
        known = known_row(self.job, self.queue, file)
        if known is not None:
            return known
        if not self.queue.claim(file.store_name):
            return None
        known = known_row(self.job, self.queue, file)  # finished by another between the look and the claim
        if known is not None:
            self.queue.give_back(file.store_name)
            return known
        prepared = prepare(self.job, file, self.watch)
        if isinstance(prepared, ReportRow):
            self.queue.finish(file.store_name, prepared)
        return prepared

    def _end(self, file: SlideFile, future: Future[Prepared | ReportRow | None]) -> ReportRow | None:
        """Encode and store a prepared slide; every failure becomes a row."""
        prepared = future.result()
        if not isinstance(prepared, Prepared):
            return prepared
        row = self._encoded(file, prepared)
        if row is None:
            self.queue.give_back(file.store_name)
        else:
            self.queue.finish(file.store_name, row)
        return row

    def _encoded(self, file: SlideFile, prepared: Prepared) -> ReportRow | None:
        """The row of a slide now encoded; None where another process has taken it over meanwhile."""
        began, mpp = perf_counter(), prepared.slide.mpp
        row = ReportRow(file.slide_id, str(file.path), "ok", mpp=mpp)
        try:
            with prepared.slide:
                encoded = encode(self.job, file, prepared, self.readers, self.watch, self.progress)
                if not self.queue.holds(file.store_name):
                    return None
                keep(self.job, file, prepared, encoded, self.watch)
                told, count = remarks(self.job, prepared, encoded), len(encoded.coords)
        except Exception as error:  # whatever one slide does must not sink the others
            return failed_row(file, error, mpp, prepared.seconds + perf_counter() - began)
        return replace(row, reason=told, n_tiles=count, seconds=prepared.seconds + perf_counter() - began)
