"""A case's files and declared facts -> a study folder, through the same importer as everybody's own files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from tumorcast.clinic.twin.read import read_series, series_named
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.lab.case_host import HOST_FILES, tumour_of, wanted_of
from tumorcast.lab.case_layers import exposure_timeline, host_layer_files
from tumorcast.lab.case_tables import (
    check_quantification,
    check_vcf,
    clinical_row,
    own_expression,
    own_maf,
)
from tumorcast.lab.cases import Case, CaseFile, Kind, get_case
from tumorcast.lab.errors import LabError
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import stored_path
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import replaced_folder
from tumorcast.readers.importers.files import REPORT_FILE, import_files
from tumorcast.readers.quantification_formats import is_quantification
from tumorcast.readers.study import Study

_ONE_EACH: tuple[Kind, ...] = (
    "variants",
    "expression",
    "segments",
    "clinical",
    "lesions",
    "exposures",
    *HOST_FILES,
)
_FATAL = ("unreadable", "file_missing", "no_overlap")
_SEX = {"female": "Female", "male": "Male"}


@dataclass(frozen=True)
class FileProblem:
    """Why a file of a case cannot be used; `file_id` is "" where it is about the case as a whole."""

    file_id: str
    name: str
    error: TumorcastError


class CaseError(LabError):
    """A case of which no study can be made; `problems` has the reasons, one a file."""

    code = "case_files"

    def __init__(self, problems: list[FileProblem], fix: str = "replace or remove them") -> None:
        self.problems = tuple(problems)
        told = "\n".join(f"{problem.name or 'case'}: {problem.error}" for problem in problems)
        super().__init__("files of the case cannot be used", got=told, fix=fix)


def study_of(store: LabStore, case_id: str, folder: Path) -> Study:
    """Write the study into `folder`, anew, and read it.

    Raises:
        CaseError: a file cannot be used; every one that cannot is named.
    """
    case = get_case(store, case_id)
    with replaced_folder(folder) as work:
        made = _Sheet(store, case, work)
        made.write()
        try:
            import_files(made.path, work / "study", tell=lambda _: None)
        except TumorcastError as error:
            raise CaseError([made.about(error)]) from None
        problems = [*made.told_by_report(work / "study" / REPORT_FILE)]
        study = read_study(work / "study")
        problems += made.few_genes(study)
        if problems:
            raise CaseError(problems)
    return read_study(folder / "study")


class _Sheet:
    """The sheet of one case and the small tables beside it."""

    def __init__(self, store: LabStore, case: Case, work: Path) -> None:
        self.store, self.case, self.work = store, case, work
        self.patient = case.facts.patient_id
        self.sample = tumour_of(self.patient)
        self.path = work / "sheet.yaml"
        self.names: dict[str, CaseFile] = {}
        self.sample_row: dict[str, object] = {}
        self.tree: dict[str, object] = {}

    def write(self) -> None:
        """All of it.

        Raises:
            CaseError: files that cannot be used.
        """
        facts = self.case.facts
        self.tree = {
            "study": f"case_{self.case.id}", "samples": "samples.tsv", "patients": "patients.tsv",
            "timelines": ["treatment.tsv"], "origin": "simulated" if facts.is_simulated else "real",
        }  # fmt: skip
        self.tree |= {"build": facts.build} if facts.build else {}
        self.tree |= {"covered_mb": facts.panel_mb} if facts.panel_mb else {}
        problems, clinical = self._take_files()
        if problems:
            raise CaseError(problems)
        self._write_tables(clinical)
        self.path.write_text(yaml.safe_dump(self.tree), encoding="utf-8")

    def _take_files(self) -> tuple[list[FileProblem], dict[str, str]]:
        problems, clinical = list(self._repeated()), dict[str, str]()

        def read_clinical(path: Path) -> None:
            clinical.update(clinical_row(path, self.patient))
            told, declared = clinical.get("SEX", ""), _SEX.get(self.case.facts.sex, "")
            if told and declared and told[0].upper() != declared[0]:
                raise InputError("the table's sex is not the declared one", got=told, expected=declared)

        takes: dict[Kind, Callable[[Path], None]] = {
            "variants": self._variants, "expression": self._expression,
            "segments": self._segments, "clinical": read_clinical, "lesions": self._lesions,
            "exposures": self._exposures, **{kind: partial(self._host, kind=kind) for kind in HOST_FILES},
        }  # fmt: skip
        for file in self.case.files:
            try:
                if file.kind in takes:
                    path = stored_path(self.store, file)
                    self.names[path.name] = file
                    takes[file.kind](path)
            except TumorcastError as error:
                problems.append(FileProblem(file.id, file.name, error))
        return problems, clinical

    def _repeated(self) -> list[FileProblem]:
        """Files of kinds of which a case has one: none is chosen for the lab."""
        problems = []
        for kind in _ONE_EACH:
            own = [file for file in self.case.files if file.kind == kind]
            error = InputError(
                f"the case has {len(own)} files of {kind}",
                expected="one",
                fix="remove those that do not count",
            )
            problems += [FileProblem(file.id, file.name, error) for file in own[1:]]
        return problems

    def _lesions(self, path: Path) -> None:
        """No layer of the study: the twin reads them. That they are the patient's is found here."""
        series_named(read_series([path]), self.patient)

    def _host(self, path: Path, kind: Kind) -> None:
        """Layers of the study, and findings beside the prediction (`lab.case_host`)."""
        samples = (self.patient, self.sample)
        made = host_layer_files(HOST_FILES[kind], kind, path, wanted_of(self.patient), samples, self.work)
        self.tree |= made
        self.names |= dict.fromkeys(made.values(), self.names[path.name])

    def _exposures(self, path: Path) -> None:
        self.names["exposures.tsv"] = self.names[path.name]
        exposure_timeline(path, self.work / "exposures.tsv", self.patient)
        self.tree["timelines"] = ["treatment.tsv", "exposures.tsv"]

    def _variants(self, path: Path) -> None:
        if ".vcf" in path.suffixes:
            check_vcf(path)
            self.sample_row["VCF"] = str(path)
        else:
            self._own(path, "variants.maf", own_maf)
            self.tree["variants"] = "variants.maf"
            self.tree["sequenced"] = [self.sample]

    def _expression(self, path: Path) -> None:
        if is_quantification(path):
            check_quantification(path)
            self.sample_row["EXPRESSION"] = str(path)
        else:
            self._own(path, "expression.tsv", own_expression)
            self.tree["expression"] = {"matrix": "expression.tsv", "scale": self.case.facts.expression_scale}

    def _segments(self, path: Path) -> None:
        self.sample_row["SEGMENTS"] = str(path)

    def _own(self, source: Path, name: str, make: Callable[[Path, Path, str, str], None]) -> None:
        make(source, self.work / name, self.patient, self.sample)
        self.names[name] = self.names[source.name]

    def _write_tables(self, clinical: dict[str, str]) -> None:
        facts = self.case.facts
        told = {"AGE": facts.age, "SEX": _SEX.get(facts.sex), "CANCER_TYPE": facts.cancer_type}
        patient = {"PATIENT_ID": self.patient, **told, **clinical}
        sample = {
            "SAMPLE_ID": self.sample, "PATIENT_ID": self.patient, "COLLECTED_DAY": facts.biopsy_day,
            "PROCEDURE": facts.specimen, "STAIN": _known(facts.stain), "PREPARATION": _known(facts.preparation),
            "PRIMARY_SITE": facts.organ, "TUMOR_PURITY": facts.tumour_purity, **self.sample_row,
        }  # fmt: skip
        course = {"PATIENT_ID": self.patient, "START_DATE": 0, "EVENT_TYPE": "Treatment",
                  "REGIMEN": facts.regimen, "LINE": facts.line, "TREATMENT_TYPE": "Medical Therapy"}  # fmt: skip
        agents = facts.agents or (facts.regimen,)
        _write_rows(self.work / "patients.tsv", [patient])
        _write_rows(self.work / "samples.tsv", [sample])
        _write_rows(self.work / "treatment.tsv", [{**course, "AGENT": agent} for agent in agents])
        slides = [
            {"slide_id": file.id, "sample_id": self.sample, "path": str(stored_path(self.store, file))}
            for file in self.case.files
            if file.kind == "slide"
        ]
        if slides:
            _write_rows(self.work / "slides.csv", slides, ",")
            self.tree["slides"] = "slides.csv"

    def about(self, error: TumorcastError) -> FileProblem:
        """The file that an importer's error names."""
        file = next((file for name, file in self.names.items() if name in error.what), None)
        return self._problem(file, error)

    def told_by_report(self, report: Path) -> list[FileProblem]:
        """Files that the importer went on without."""
        with report.open(encoding="utf-8", newline="") as table:
            lost = [row for row in csv.DictReader(table) if row["reason"] in _FATAL]
        found = []
        for row in lost:
            text = f"{row['id']} {row['detail']}"
            file = next((file for name, file in self.names.items() if name in text), None)
            what = row["detail"].partition(": ")[2] or row["detail"]
            found.append(self._problem(file, InputError(what)))
        return found

    def few_genes(self, study: Study) -> list[FileProblem]:
        """Expression of so few known genes that it can be no tumour's profile."""
        least = self.store.config.min_genes
        if study.expression is None or (n_known := int(study.expression.notna().any().sum())) >= least:
            return []
        file = next(file for file in self.case.files if file.kind == "expression")
        error = InputError(
            "too few genes of this expression table are known",
            got=n_known,
            expected=f"{least} or more (min_genes of config.json)",
            fix="send the whole table, with gene symbols or Ensembl identifiers",
        )
        return [FileProblem(file.id, file.name, error)]

    def _problem(self, file: CaseFile | None, error: TumorcastError) -> FileProblem:
        """With the name that the lab's people know in place of that on the disk."""
        if file is None:
            return FileProblem("", "", error)
        what = error.what
        for disk in (name for name, known in self.names.items() if known is file):
            what = what.replace(disk, file.name)
        told = InputError(what, got=error.got, expected=error.expected, fix=error.fix)
        return FileProblem(file.id, file.name, told)


def _known(word: str) -> str:
    return "" if word == "unknown" else word


def _write_rows(path: Path, rows: Sequence[Mapping[str, object]], separator: str = "\t") -> None:
    columns = list(rows[0])
    table = [["" if row[name] is None else str(row[name]) for name in columns] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[cell.replace("\t", " ") for cell in row] for row in table])
