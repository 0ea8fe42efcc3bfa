"""Files of clock coefficients: a row a probe, weights or what mitotic counters need; reference values of probes."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.clocks.clock import FORMS, Formula
from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare

_PROBE = re.compile(r"(?:cg\d{8}|ch\.|rs\d)\S*")
_INTERCEPTS = {"intercept", "(intercept)", "const", "constant"}
_PROBE_HEADERS = (
    "cpgmarker",
    "cpg",
    "cpgs",
    "probe",
    "probe_id",
    "probeid",
    "marker",
    "id",
    "name",
    "cpg_site",
    "var",
    "",
)
_WEIGHT_HEADERS = (
    "coefficienttraining", "coefficient", "coefficients", "coef", "coeff", "weight", "weights", "effect", "estimate",
    "beta",
)  # fmt: skip
_REFERENCE_HEADERS = ("median", "mean", "reference", "goldstandard", "gold", "beta", "value")
_PARTS = {"y.pred", "submodel", "component"}


@dataclass(frozen=True, eq=False)
class Coefficients:
    """One file.

    Attributes:
        formula: None: weights; else what its columns are for ("epitoc2", "miage"), or "mean" of a list of probes.
        numbers: `weight`, or the columns of the formula; [probes].
        intercept: None: the file states none.
    """

    probes: tuple[str, ...]
    numbers: Mapping[str, NDArray[np.float64]]
    formula: Formula | None
    intercept: float | None


def read_coefficients(path: Path) -> Coefficients:
    """Weights (`CpGmarker,CoefficientTraining` and kin, a row `intercept`), `delta,beta0`, `b,c,d`, a list of probes.

    Raises:
        InputError: no table of coefficients, words in place of numbers, a probe given twice, several models.
    """
    header, rows = _table(path)
    if _PARTS & set(header):
        raise InputError(
            f"{path.name} holds several models", got=", ".join(header[:6]),
            expected="one weight a probe; models in stages (GrimAge) are not computed",
        )  # fmt: skip
    formula = next((form for form, names in FORMS.items() if names and set(names) <= set(header)), None)
    formula = "mean" if len(header) == 1 else formula
    names = FORMS[formula] if formula else (_one_of(header, _WEIGHT_HEADERS, path, "weights"),)
    place = header.index(_one_of(header, _PROBE_HEADERS, path, "probes"))
    table: dict[str, tuple[float, ...]] = {}
    for row in rows:
        probe = row[place] if place < len(row) else ""
        if probe in table:
            raise InputError(f"{path.name} gives a probe twice", got=probe)
        table[probe] = tuple(_number(row, header.index(name), probe, path) for name in names)
    intercepts = [values[0] for probe, values in table.items() if probe.casefold() in _INTERCEPTS]
    probes = tuple(probe for probe in table if probe.casefold() not in _INTERCEPTS)
    if not probes or not all(map(_PROBE.fullmatch, probes)):
        odd = next((probe for probe in probes if not _PROBE.fullmatch(probe)), "nothing")
        raise InputError(
            f"{path.name} names no probes", got=odd, expected="probes such as cg00000029, one a row"
        )
    keys = FORMS[formula] if formula else ("weight",)
    found = {key: np.array([table[probe][n] for probe in probes], float) for n, key in enumerate(keys)}
    return Coefficients(probes, found, cast(Formula | None, formula), intercepts[0] if intercepts else None)


def read_reference(path: Path) -> dict[str, float]:
    """Probe -> beta that stands in where it was not measured.

    Raises:
        InputError: no such table, or values outside 0..1.
    """
    header, rows = _table(path)
    place = header.index(_one_of(header, _PROBE_HEADERS, path, "probes"))
    value = header.index(_one_of(header, _REFERENCE_HEADERS, path, "reference betas"))
    table = {
        row[place]: _number(row, value, row[place], path)
        for row in rows
        if max(place, value) < len(row) and row[value] not in NOT_AVAILABLE
    }
    outside = next((probe for probe, beta in table.items() if not 0 <= beta <= 1), None)
    if outside is not None:
        raise InputError(
            f"{path.name} holds no betas", got=f"{outside}: {table[outside]:g}", expected="0 to 1"
        )
    return table


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """(names of the columns in small letters, rows); two columns of probe and number need no header."""
    with open_text(path) as text:
        lines = [line for line in text if line.strip() and not line.startswith("#")]
    separator = next((mark for mark in ("\t", ",", ";") if lines and mark in lines[0]), None)
    if separator is None and lines and _PROBE.fullmatch(bare(lines[-1])):
        names = [bare(line) for line in lines]
        return ["probe"], [[name] for name in names if _PROBE.fullmatch(name) or name != names[0]]
    if separator is None:
        raise InputError(
            f"{path.name} is no table of coefficients", got=lines[0].strip()[:60] if lines else "nothing",
            expected="a column of probes and one of weights, separated by commas or tabs",
        )  # fmt: skip
    cells = [[bare(cell) for cell in row] for row in csv.reader(lines, delimiter=separator)]
    header = [name.casefold() for name in cells[0]]
    if len(header) == 2 and (_PROBE.fullmatch(header[0]) or header[0] in _INTERCEPTS):
        return ["probe", "weight"], cells
    if len(cells) > 1 and len(cells[1]) == len(header) + 1:
        header = ["", *header]
    return header, cells[1:]


def _one_of(header: list[str], names: tuple[str, ...], path: Path, what: str) -> str:
    found = next((name for name in names if name in header), None)
    if found is None:
        raise InputError(
            f"{path.name} has no column of {what}", got=", ".join(header[:8]),
            expected=" or ".join(name for name in names[:6] if name),
        )  # fmt: skip
    return found


def _number(row: list[str], place: int, probe: str, path: Path) -> float:
    cell = row[place] if place < len(row) else ""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{path.name}: no number for {probe or 'a row without a probe'}", got=cell or "nothing"
        )
    return value
