"""A formulary in YAML -> regimens: every mistake named by file, regimen and field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tumorcast.biology.drugs import UNKNOWN_CLASS, Agent, agent_names, normalise_agents
from tumorcast.biology.regimens.advice import refuse_advice
from tumorcast.biology.regimens.cancers import check_code
from tumorcast.biology.regimens.regimen import Check, Dose, Regimen, Source, Statement, key_of
from tumorcast.domain.errors import InputError, did_you_mean

SETTINGS = ("metastatic", "locally advanced", "neoadjuvant", "perioperative", "adjuvant")
_TOP = ("version", "sources", "agents", "regimens")
_SOURCE = ("cite", "doi", "url", "date", "checked")
_AGENT = ("class", "targets")
_REGIMEN = (
    "name", "drugs", "cancers", "setting", "lines", "source", "cycle_days", "route", "biomarker", "standard",
    "availability", "cost", "doses_checked",
)  # fmt: skip
_STATEMENT = ("text", "source", "date")
_CHECK = ("against", "date")
_DATE = re.compile(r"(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_formulary(text: str, where: str) -> tuple[Regimen, ...]:
    """Regimens of the text of a YAML file (docs/formulary.md).

    Args:
        where: the file, as errors and `Regimen.origin` name it.

    Raises:
        InputError: no YAML, an unknown field, drug, cancer type or source, a row without source or date, or a word of
            advice.
    """
    try:
        content = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not valid YAML", got=error) from None
    top = _mapping(content, where, _TOP)
    sources = {str(key): _source(str(key), told, where) for key, told in _part(top, "sources", where).items()}
    agents = {str(name): _agent(str(name), told, where) for name, told in _part(top, "agents", where).items()}
    rows = top.get("regimens")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{where} holds no regimens", expected="a list under `regimens:`")
    reading = _Reading(where, sources, agents)
    return tuple(reading.regimen(number, row) for number, row in enumerate(rows, start=1))


def read_formulary(path: Path) -> tuple[Regimen, ...]:
    """Regimens of a user's file; InputError as `parse_formulary`, or where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the formulary cannot be read", got=f"{path}: {error}") from None
    return parse_formulary(text, path.name)


def check_setting(text: str) -> str:
    """The setting; InputError with the nearest known one."""
    return _one_of(text, SETTINGS, "the setting")


@dataclass(frozen=True)
class _Reading:
    where: str
    sources: Mapping[str, Source]
    agents: Mapping[str, Agent]

    def regimen(self, number: int, row: object) -> Regimen:
        name = row.get("name") if isinstance(row, Mapping) else None
        at = f"{self.where}, regimen {number}" + (f" ({name})" if name else "")
        own = _mapping(row, at, _REGIMEN)
        refuse_advice(own, at)
        for needed in ("name", "drugs", "cancers", "setting", "source"):
            if not own.get(needed):
                raise InputError(
                    f"{at}: `{needed}` is missing", fix="every regimen needs it (docs/formulary.md)"
                )
        doses = self._doses(own["drugs"], at)
        return Regimen(
            name=str(own["name"]),
            doses=doses,
            cancers=tuple(dict.fromkeys(check_code(str(code)) for code in _listed(own["cancers"]))),
            setting=_one_of(str(own["setting"]), SETTINGS, f"{at}: setting"),
            lines=tuple(_whole(line, f"{at}: lines") for line in _listed(own.get("lines"))),
            source=self._named(own["source"], f"{at}: source"),
            cycle_days=None
            if own.get("cycle_days") is None
            else _whole(own["cycle_days"], f"{at}: cycle_days"),
            route=tuple(part.strip() for text in _listed(own.get("route")) for part in str(text).split(",")),
            biomarker=str(own.get("biomarker") or ""),
            standard=None if own.get("standard") is None else self._named(own["standard"], f"{at}: standard"),
            availability=_statements(own.get("availability"), f"{at}: availability"),
            cost=_statements(own.get("cost"), f"{at}: cost"),
            doses_check=_check(own.get("doses_checked"), f"{at}: doses_checked"),
            origin=self.where,
        )

    def _doses(self, told: object, at: str) -> tuple[Dose, ...]:
        pairs = dict(told) if isinstance(told, Mapping) else dict.fromkeys(_listed(told), "")
        doses = [Dose(self._drug(str(name), at), str(text or "")) for name, text in pairs.items()]
        if len({dose.agent.name for dose in doses}) < len(doses):
            raise InputError(f"{at}: a drug is named twice", got=key_of(str(name) for name in pairs))
        return tuple(sorted(doses, key=lambda dose: dose.agent.name))

    def _drug(self, name: str, at: str) -> Agent:
        if name in self.agents:
            return self.agents[name]
        found = normalise_agents(name)
        if len(found) == 1 and found[0].cls != UNKNOWN_CLASS:
            return found[0]
        if len(found) > 1:
            raise InputError(
                f"{at}: one drug a line", got=repr(name), expected=", ".join(a.name for a in found)
            )
        near = did_you_mean(name.lower(), [*self.agents, *agent_names()])
        raise InputError(
            f"{at}: this drug is not known",
            got=repr(name),
            fix=near or f"describe it under `agents:` as `{name}: {{class: ..., targets: [...]}}`",
        )

    def _named(self, key: object, at: str) -> Source:
        if str(key) in self.sources:
            return self.sources[str(key)]
        raise InputError(
            f"{at} is not described", got=repr(str(key)), expected="a name under `sources:`",
            fix=did_you_mean(str(key), self.sources),
        )  # fmt: skip


def _source(key: str, told: object, where: str) -> Source:
    at = f"{where}, source {key!r}"
    own = _mapping(told, at, _SOURCE)
    refuse_advice(own, at)
    if not own.get("cite"):
        raise InputError(
            f"{at}: `cite` is missing", expected="authors, journal and year, or the document's name"
        )
    doi = str(own.get("doi") or "")
    if doi and not _DOI.fullmatch(doi):
        raise InputError(
            f"{at}: this is not a DOI", got=doi, expected="10.1056/NEJMoa1801005, without https://"
        )
    check = _check(own.get("checked"), f"{at}: checked")
    return Source(key, str(own["cite"]), _date(own.get("date"), at), doi, str(own.get("url") or ""), check)


def _agent(name: str, told: object, where: str) -> Agent:
    at = f"{where}, agent {name!r}"
    own = _mapping(told, at, _AGENT)
    refuse_advice(own, at)
    if not own.get("class"):
        raise InputError(
            f"{at}: `class` is missing", expected="its class, and `targets` as gene symbols where known"
        )
    return Agent(name.lower(), str(own["class"]), tuple(map(str, _listed(own.get("targets")))))


def _statements(told: object, at: str) -> tuple[Statement, ...]:
    made = []
    for one in told if isinstance(told, list) else [] if told is None else [told]:
        own = _mapping(one, at, _STATEMENT)
        if not own.get("text") or not own.get("source"):
            raise InputError(
                f"{at}: a statement needs `text`, `source` and `date`", fix="leave out what is unknown"
            )
        made.append(Statement(str(own["text"]), str(own["source"]), _date(own.get("date"), at)))
    return tuple(made)


def _check(told: object, at: str) -> Check | None:
    if told is None:
        return None
    own = _mapping(told, at, _CHECK)
    if not own.get("against"):
        raise InputError(
            f"{at}: `against` is missing",
            expected="with what it was compared, in a few words",
            fix="leave the whole field out where nobody compared it",
        )
    try:
        day = date.fromisoformat(str(own.get("date")))
    except ValueError:
        raise InputError(f"{at}: this is not a day", got=own.get("date"), expected="YYYY-MM-DD") from None
    return Check(str(own["against"]), day.isoformat())


def _mapping(told: object, at: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        raise InputError(f"{at} must be a mapping", got=type(told).__name__, expected=", ".join(allowed))
    for key in map(str, told):
        if key not in allowed:
            fix = did_you_mean(key, allowed)
            raise InputError(f"{at}: unknown field", got=key, expected=", ".join(allowed), fix=fix)
    return {str(key): value for key, value in told.items()}


def _part(top: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    told = top.get(name)
    if told is not None and not isinstance(told, Mapping):
        raise InputError(f"{where}: `{name}` must be a mapping", got=type(told).__name__)
    return told or {}


def _listed(told: object) -> list[Any]:
    return [] if told is None else list(told) if isinstance(told, list | tuple) else [told]


def _date(told: object, at: str) -> str:
    if told is None or not _DATE.fullmatch(str(told)):
        raise InputError(
            f"{at}: the date is missing or no date", got=told, expected="YYYY, YYYY-MM or YYYY-MM-DD"
        )
    return str(told)


def _whole(told: object, at: str) -> int:
    if isinstance(told, bool) or not isinstance(told, int) or told < 1:
        raise InputError(f"{at}: expected a whole number of at least 1", got=told)
    return told


def _one_of(text: str, allowed: tuple[str, ...], at: str) -> str:
    if text not in allowed:
        raise InputError(
            f"{at} is not known", got=text, expected=", ".join(allowed), fix=did_you_mean(text, allowed)
        )
    return text
