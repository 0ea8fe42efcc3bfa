"""`Formulary`: the embedded regimens with those of users, looked up by cancer type, line and setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from tumorcast.biology.regimens.cancers import are_related
from tumorcast.biology.regimens.parse import parse_formulary, read_formulary
from tumorcast.biology.regimens.regimen import EMBEDDED, Regimen


@dataclass(frozen=True)
class Formulary:
    """Regimens; those of a user stand instead of embedded ones of the same drugs, cancers, setting and lines."""

    regimens: tuple[Regimen, ...]

    @classmethod
    def embedded(cls) -> Formulary:
        """The package's own (docs/formulary.md)."""
        return cls(_embedded())

    def with_files(self, paths: Sequence[Path]) -> Formulary:
        """With the regimens of YAML files; InputError as `parse.parse_formulary`."""
        found = {_place(regimen): regimen for regimen in self.regimens}
        for path in paths:
            found.update({_place(regimen): regimen for regimen in read_formulary(path)})
        return replace(self, regimens=tuple(found.values()))

    def of(self, cancer: str, line: int | None = None, setting: str | None = None) -> tuple[Regimen, ...]:
        """Regimens that a source describes for a cancer type, one that holds it, or one below it.

        Of a type told coarsely (NSCLC) those of finer ones (LUAD) are there too: `Regimen.cancers` tells them apart.

        Args:
            cancer: OncoTree code.
            line: of therapy; None: every line.
            setting: None: every setting.
        """
        return tuple(
            regimen
            for regimen in self.regimens
            if any(are_related(cancer, code) for code in regimen.cancers)
            and (line is None or not regimen.lines or line in regimen.lines)
            and (setting is None or regimen.setting == setting)
        )


def _place(regimen: Regimen) -> tuple[str, tuple[str, ...], str, tuple[int, ...], str]:
    return (regimen.key, tuple(sorted(regimen.cancers)), regimen.setting, regimen.lines, regimen.biomarker)


@cache
def _embedded() -> tuple[Regimen, ...]:
    folder = resources.files(__package__) / "formulary"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name
    )
    found = [one for file in files for one in parse_formulary(file.read_text(encoding="utf-8"), file.name)]
    return tuple(replace(one, origin=EMBEDDED) for one in found)
