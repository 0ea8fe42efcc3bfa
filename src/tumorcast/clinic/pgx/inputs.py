"""What `tumorcast pgx` is given, read: germline VCFs, calls made elsewhere, tables of sexes and other drugs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.genotypes import GeneGenotypes
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.compressed import name_of, open_text
from tumorcast.readers.files import read_table
from tumorcast.readers.germline_vcf import read_germline
from tumorcast.readers.star_calls import GivenCall, read_star_calls

_VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".gvcf", ".gvcf.gz")
_SHOWN = 6
_WRITTEN = 50
"""Names that a note in the files holds; more are counted."""
_SEXES = {"m": "male", "male": "male", "1": "male", "f": "female", "female": "female", "2": "female"}


@dataclass
class Inputs:
    """What was read of all files.

    Attributes:
        genotypes: sample -> gene -> what its VCF shows.
        notes: file -> what readers of the results must know.
        left_out: why each file that could not be read was left out.
    """

    genotypes: dict[str, Mapping[str, GeneGenotypes]] = field(default_factory=dict)
    given: list[GivenCall] = field(default_factory=list)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: list[InputError] = field(default_factory=list)
    _file_of: dict[str, str] = field(default_factory=dict)

    def note(self, path: Path, text: str) -> None:
        """One more note on a file."""
        self.notes[path.name] = (*self.notes.get(path.name, ()), text)

    def take(self, path: Path, samples: Mapping[str, Mapping[str, GeneGenotypes]]) -> None:
        """One file's samples.

        Raises:
            InputError: one of them is in another file as well.
        """
        if twice := [name for name in samples if name in self.genotypes]:
            raise TwiceError(
                "a sample is in two files, which may be two patients", got=f"{_some(twice, _SHOWN)} in "
                f"{self._file_of[twice[0]]} and {path}", expected="each sample once",
                fix="rename it in one of them (bcftools reheader -s), or give one file",
            )  # fmt: skip
        self.genotypes.update(samples)
        self._file_of |= dict.fromkeys(samples, str(path))

    def names(self, paths: Sequence[Path]) -> list[str]:
        """Samples of the run; the first file's own name where no file names one."""
        named = dict.fromkeys([*self.genotypes, *(one.sample for one in self.given if one.sample)])
        return list(named) or [name_of(paths[0])]


class TwiceError(InputError):
    """A sample in two files: no order of the files may decide which one counts."""


def read_inputs(
    paths: Sequence[Path], definitions: Definitions, on_progress: Callable[[str], None] | None = None
) -> Inputs:
    """Read every file; a VCF that cannot be read is left out where another file can.

    Raises:
        InputError: none can be read; a sample is in two files; or calls made elsewhere cannot be read beside a VCF,
            whose patient they may be of.
    """
    inputs = Inputs()
    is_vcf = {path: _is_vcf(path) for path in paths}
    for path in paths:
        try:
            need_file(path)
            if is_vcf[path]:
                read = read_germline(path, definitions, _on_records(path, on_progress))
                inputs.take(path, read.samples)
                for note in read.notes:
                    inputs.note(path, note)
            else:
                inputs.given += read_star_calls(path)
        except InputError as error:
            if isinstance(error, TwiceError) or (not is_vcf[path] and any(is_vcf.values())):
                raise
            inputs.left_out.append(error)
            inputs.note(path, f"left out: {error.what}")
    if inputs.left_out and not inputs.genotypes and not inputs.given:
        raise inputs.left_out[0]
    return inputs


def need_file(path: Path) -> None:
    """Raise `InputError` where a path is no file."""
    if path.is_dir():
        raise InputError(f"{path.name} is a folder", got=path, expected="a file", fix="name the files in it")
    if not path.is_file():
        raise InputError(f"{path.name} is not there", got=f"no file {path}", fix="check the path")


def read_sexes(
    sex: str | None, samples: Sequence[str], inputs: Inputs
) -> tuple[dict[str, str], list[str]]:  # fmt: skip
    """(sample -> "male" or "female", lines to print); what a table leaves open is noted.

    Raises:
        InputError: neither a word nor a table, or a table that names no sample of the run.
    """
    if sex is None:
        return {}, []
    if sex.lower() in ("male", "female"):
        return dict.fromkeys(samples, sex.lower()), []
    path = Path(sex)
    if not path.is_file():
        raise InputError(
            "the sex is neither known nor a table", got=sex, expected="male, female, or a table sample, sex"
        )
    table = read_table(path, "," if path.suffix.lower() == ".csv" else "\t").fillna("")
    if not {"sample", "sex"} <= set(table.columns):
        raise InputError(f"{path.name} lacks sample and sex", got=", ".join(map(str, table.columns)))
    told = {str(name): str(value) for name, value in zip(table["sample"], table["sex"], strict=True)}
    lines = compare_names(path, "sex", list(told), samples, inputs)
    if unread := [f"{name} ({value})" for name, value in told.items() if value.lower() not in _SEXES]:
        inputs.note(path, f"no sex is read of {_some(unread)}")
    return {name: _SEXES[value.lower()] for name, value in told.items() if value.lower() in _SEXES}, lines


def compare_names(
    path: Path, what: str, named: Collection[str], samples: Sequence[str], inputs: Inputs
) -> list[str]:
    """Note which names stand on one side alone; lines to print.

    Args:
        what: that the table tells of a sample ("sex").

    Raises:
        InputError: no name is on both sides.
    """
    rows, wanted = set(named), set(samples)
    without = [name for name in samples if name not in rows]
    strangers = [name for name in named if name not in wanted]
    if len(without) == len(samples):
        raise InputError(
            f"{path.name} names no sample of this run", got=_some(strangers, _SHOWN) or "no name",
            expected=_some(samples, _SHOWN), fix=did_you_mean(strangers[0], samples) if strangers else None,
        )  # fmt: skip
    lines = []
    for names, told in (
        (without, f"no {what} is told of {{n}} of {len(samples)} samples: {{names}}"),
        (strangers, f"{what} is told of {{n}} names that are in no file: {{names}}"),
    ):
        if names:
            inputs.note(path, told.format(n=len(names), names=_some(names)))
            lines.append(told.format(n=len(names), names=_some(names, _SHOWN)))
    return lines


def _some(names: Sequence[str], most: int = _WRITTEN) -> str:
    more = "" if len(names) <= most else f" and {len(names) - most} more"
    return f"{', '.join(names[:most])}{more}"


def _on_records(path: Path, on_progress: Callable[[str], None] | None) -> Callable[[int], None] | None:
    if on_progress is None:
        return None
    return lambda n: on_progress(f"{path.name}: {n:,} records read")


def _is_vcf(path: Path) -> bool:
    if path.name.lower().endswith(_VCF_ENDINGS):
        return True
    try:
        with open_text(path) as text:
            return next(text, "").startswith(("##fileformat=VCF", "#CHROM"))
    except (InputError, OSError):
        return False
