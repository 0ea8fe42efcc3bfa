"""Which clocks are read: the package's own, and those whose numbers the user brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from tumorcast.biology.clocks.clock import FORMS, Clock, Formula, Kind, find_clock, known_clocks, need_shipped
from tumorcast.biology.clocks.tissues import tissue_of
from tumorcast.biology.clocks.transforms import TRANSFORMS
from tumorcast.domain.errors import InputError
from tumorcast.readers.clock_coefficients import Coefficients, read_coefficients, read_reference
from tumorcast.readers.compressed import name_of
from tumorcast.readers.files import digest

_TRANSFORM_WORDS = {"none": "identity", "linear": "identity", "anti_trafo": "horvath", "antilog": "horvath",
                    "sigmoid": "logistic"}  # fmt: skip


@dataclass(frozen=True)
class OwnClock:
    """A file of coefficients, and what the user says of it; None: what is known of the clock of that name.

    Attributes:
        name: of the clock; None: the file's.
        made_for: tissues, in the words of `--tissue`; (): not said.
        gold_means: table probe, mean, for a clock that needs it (DunedinPACE).
    """

    path: Path
    name: str | None = None
    transform: str | None = None
    intercept: float | None = None
    unit: str | None = None
    made_for: tuple[str, ...] = ()
    gold_means: Path | None = None


def chosen_clocks(names: Sequence[str] | None, own: Sequence[OwnClock], has_tumour: bool) -> list[Clock]:
    """Clocks in order: those named (all that are shipped), then those of files.

    The mean of all CpGs, for which the whole file must be read, is among them where it is named or a tumour is there.

    Raises:
        InputError: a clock that is not known or not shipped, or a file of which the formula is not known.
    """
    given = [_of_file(one) for one in own]
    if names is None:
        shipped = [clock for clock in known_clocks().values() if clock.state == "shipped"]
        first = [clock for clock in shipped if clock.formula != "mean" or has_tumour]
    else:
        first = [need_shipped(name) for name in dict.fromkeys(names) if not _is_given(name, given)]
    taken = {clock.name for clock in given}
    if len(taken) < len(given):
        raise InputError("two files are for one clock", got=", ".join(clock.name for clock in given))
    return [clock for clock in dict.fromkeys(first) if clock.name not in taken] + given


def _is_given(name: str, given: Sequence[Clock]) -> bool:
    known = find_clock(name)
    return any(clock.name in (name, known.name if known else name) for clock in given)


def _of_file(own: OwnClock) -> Clock:
    read = read_coefficients(own.path)
    name = own.name or name_of(own.path)
    known = find_clock(name)
    formula = read.formula or _formula(own, known)
    if known is not None:
        clock = known.with_numbers(read.probes, read.numbers, read.intercept)
    else:
        clock = _unknown(name, own, read)
    clock = replace(clock, formula=formula, source=f"{own.path.name}, sha256 {digest(own.path)[:12]}")
    if own.intercept is not None:
        clock = replace(clock, intercept=own.intercept)
    if own.unit is not None:
        clock = replace(clock, unit=own.unit, kind="age" if own.unit == "years" else "score")
    if own.made_for:
        clock = replace(clock, tissues=_tissues(own.made_for))
    return _with_gold(clock, own) if clock.formula == "gold_quantiles" else clock


def _with_gold(clock: Clock, own: OwnClock) -> Clock:
    if own.gold_means is None:
        raise InputError(
            f"{clock.name} needs its gold means", got=own.path.name, expected="--gold-means FILE: probe, mean",
            fix="they come with its coefficients; without them its numbers would be wrong",
        )  # fmt: skip
    return clock.with_gold(read_reference(own.gold_means))


def _formula(own: OwnClock, known: Clock | None) -> Formula:
    """How the weighted sum becomes the result."""
    if own.transform is None:
        if known is None:
            raise InputError(
                f"nothing is known of the clock {own.name or name_of(own.path)}", got=own.path.name,
                expected=f"--transform, one of {', '.join(TRANSFORMS)}",
                fix="or give it a known clock's name: --coefficients NAME=FILE",
            )  # fmt: skip
        if known.formula in FORMS:
            raise InputError(
                f"{own.path.name} has not the columns of {known.name}",
                expected=", ".join(FORMS[known.formula]),
            )
        return known.formula
    word = own.transform.casefold()
    found = _TRANSFORM_WORDS.get(word, word)
    if found not in TRANSFORMS:
        raise InputError("no such transformation", got=own.transform, expected=", ".join(TRANSFORMS))
    return cast(Formula, found)


def _unknown(name: str, own: OwnClock, read: Coefficients) -> Clock:
    """Of which only the file tells: weights make an age, of no tumour; counters and means are of any tissue."""
    kind: Kind = "age" if read.formula is None else "component" if read.formula == "mean" else "counter"
    unit = {"age": "years", "component": "mean beta", "counter": "divisions"}[kind]
    return Clock(
        name, (), kind, unit, frozenset({"any"} if kind == "age" else {"any", "tumour"}), "identity",
        read.intercept or 0.0, read.probes, read.numbers, "given", trained_on="not said",
        terms=f"of {own.path.name}, the user's file",
    )  # fmt: skip


def _tissues(words: Sequence[str]) -> frozenset[str]:
    return frozenset("any" if word.casefold() == "any" else tissue_of(word).group for word in words)
