"""`config.json` of a lab: limits, times and policies that the lab's administrator sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorcast.domain.errors import ConfigError
from tumorcast.readers.files import write_text

CONFIG_NAME = "config.json"
_GB = 1_000_000_000
_MB = 1_000_000
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class UploadLimits(BaseModel):
    """Most bytes of a file by kind; of gzipped text also of what it unpacks to, and their ratio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slide: Count = 20 * _GB
    variants: Count = 500 * _MB
    expression: Count = 500 * _MB
    segments: Count = 200 * _MB
    clinical: Count = 20 * _MB
    lesions: Count = 20 * _MB
    pharmacogenes: Count = 20 * _MB
    polygenic_scores: Count = 20 * _MB
    clocks: Count = 20 * _MB
    exposures: Count = 20 * _MB
    unpacked: Count = 1 * _GB
    ratio: Positive = 200.0
    case: Count = 100 * _GB


class LabConfig(BaseModel):
    """What a lab has chosen.

    Attributes:
        name: of the lab, for headings.
        bundles: "trusted" takes bundles signed by a trusted key alone, "any" unsigned ones too.
        keyring: file of trusted keys (`tumorcast bundle trust`), absolute or beside `config.json`.
        demonstrate: give watermarked numbers of simulated models for real patients.
        session_idle_h, session_h: a browser's session ends after so long without use, and so long in all.
        token_days: life of a token where none is asked for.
        lease_s: a worker that was not heard of for so long has lost its job.
        max_attempts: a job that ended its worker so often has failed.
        jobs_per_worker: a worker is replaced by a fresh process after so many jobs.
        retention_days: cases older than this are due for erasure; None: no period is set.
        min_genes: fewer known genes in an expression table are refused.
        rank: results show candidate regimens side by side, too (docs/ranking.md).
        curves: results show survival curves, too.
        twin_population: behind the forecast of tumour size of a case with lesions: a published one, or a file of
            `tumorcast twin fit`; "": no forecast. Cases that are not of its cancer or treatment get none either.
        require_verification: jobs run only with a model that was verified and signed for at this site.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Pathology laboratory"
    bundles: Literal["trusted", "any"] = "any"
    keyring: str = "keyring.json"
    demonstrate: bool = False
    limits: UploadLimits = UploadLimits()
    session_idle_h: Positive = 1.0
    session_h: Positive = 12.0
    token_days: Positive = 90.0
    lease_s: Positive = 20.0
    max_attempts: Count = 3
    jobs_per_worker: Count = 50
    retention_days: Count | None = None
    min_genes: Count = 100
    rank: bool = False
    curves: bool = False
    twin_population: str = ""
    require_verification: bool = False


def read_config(path: Path) -> LabConfig:
    """Read and check.

    Raises:
        ConfigError: not there, not JSON, an unknown key, or a value out of range.
    """
    try:
        return LabConfig.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"no {path.name} in the lab", got=type(error).__name__) from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(
            f"{path.name} is not understood", got=told, expected=", ".join(LabConfig.model_fields)
        ) from None


def write_config(path: Path, config: LabConfig) -> None:
    """As indented JSON, whole or not at all."""
    write_text(path, config.model_dump_json(indent=1) + "\n")
