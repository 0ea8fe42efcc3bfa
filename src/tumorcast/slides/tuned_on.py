"""Which patients a fine-tuned tile encoder has seen: a record that goes with it, and from which its name is made.

Patients stand in it as salted digests: who has the record and a patient's id can tell whether the patient was among
them, and nobody can list them but by trying ids.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.slides.encoder_cache import cache_folder
from tumorcast.slides.owner import written_whole

_NAME = re.compile(r"\+(?:lora|last-blocks|full)-([0-9a-f]{12})(?:\+[a-z0-9]+)*$")


@dataclass(frozen=True)
class TunedOn:
    """How an encoder was fine-tuned, and on whom.

    Attributes:
        base: id of the encoder it was before.
        method: "lora", "last-blocks" or "full".
        settings: the run's settings as JSON.
        study_id: of the study.
        salt: of the digests.
        patients: ascending digests of every patient whose tiles were trained on or decided when to stop.
        tensors_sha256: of the weights.
    """

    base: str
    method: str
    settings: str
    study_id: str
    salt: str
    patients: tuple[str, ...]
    tensors_sha256: str

    @property
    def encoder_id(self) -> str:
        """Name of the encoder; its end is a digest of this record."""
        return f"{self.base}+{self.method}-{self.short}"

    @property
    def short(self) -> str:
        """The first 12 hexadecimal digits of the record's sha256."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()[:12]

    def seen(self, patients: Iterable[object]) -> list[str]:
        """Those of the patients that the encoder has seen, as given, sorted."""
        known = set(self.patients)
        return sorted({str(p) for p in patients if patient_digest(self.salt, p) in known})

    def to_text(self) -> str:
        """JSON, always the same for the same record."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, where: str = "the record") -> Self:
        """Read back; InputError where it is no such record."""
        try:
            told = json.loads(text)
            return cls(**{**told, "patients": tuple(map(str, told["patients"]))})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{where} does not tell whom the encoder was tuned on", got=error) from error


def patient_digest(salt: str, patient: object) -> str:
    """16 hexadecimal digits for a patient's id, compared as text without surrounding spaces."""
    return hashlib.sha256(f"{salt}/{str(patient).strip()}".encode()).hexdigest()[:16]


def is_tuned(encoder_id: str) -> bool:
    """True for the names that fine-tuning gives."""
    return _NAME.search(encoder_id) is not None


def keep_record(record: TunedOn, folder: Path | None = None) -> Path:
    """Write the record into a folder (None: the cache) under a name that its encoder's id leads to; atomic."""
    path = _place(folder, record.short)
    with written_whole(path) as temporary:
        temporary.write_text(record.to_text(), encoding="utf-8")
    return path


def record_of(encoder_id: str, folders: Iterable[Path] = ()) -> TunedOn | None:
    """The record of an encoder, from one of the folders or the cache; None for an encoder that was not tuned.

    Raises:
        LeakageError: the encoder was tuned, but its record is missing or is another's.
    """
    named = _NAME.search(encoder_id)
    if named is None:
        return None
    places = [_place(folder, named[1]) for folder in (*folders, None)]
    for path in places:
        if path.is_file():
            record = TunedOn.from_text(path.read_text(encoding="utf-8"), path.name)
            if record.short == named[1]:
                return record
    raise LeakageError(
        f"the features are of {encoder_id}, which was fine-tuned, and nothing tells on which patients",
        expected=f"{places[0].name} beside the features or in {places[-1].parent}",
        fix="copy it from the folder that `tumorcast finetune` or `tumorcast encode` wrote",
    )


def _place(folder: Path | None, short: str) -> Path:
    return (cache_folder() / "encoders" if folder is None else folder) / f"tuned_on-{short}.json"
