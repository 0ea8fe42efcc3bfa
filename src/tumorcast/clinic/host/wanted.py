"""Which sample of a file is the patient's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tumorcast.domain.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Wanted:
    """How the patient's sample is found in a file.

    Attributes:
        samples: names that were said: one of them must be there. (): not said.
        also_called: names by which it is known where none was said (patient, samples of the study).
        begins: without any of these, a name that begins so, as `P1-T1` with `P1`; "": none.
        takes_only: a file's only sample is taken under any name; False where files are of several patients.
    """

    samples: tuple[str, ...] = ()
    also_called: tuple[str, ...] = ()
    begins: str = ""
    takes_only: bool = True

    def of(self, known: Sequence[str], file: str) -> tuple[str, ...]:
        """The patient's samples among those of a file.

        Raises:
            InputError: a name twice, a sample that is not there, or several of which none is said.
        """
        if len(set(known)) < len(known):
            raise InputError(f"{file} names a sample twice", fix="make it again")
        if self.samples:
            return self._said(known, file)
        own = tuple(name for name in known if name in self.also_called) or self._beginning(known)
        if own:
            return own
        if len(known) == 1 and self.takes_only:
            return tuple(known)
        raise self._not_said(known, file)

    def one_of(self, known: Sequence[str], file: str) -> str:
        """The patient's one sample.

        Raises:
            InputError: as `of`, or several are the patient's.
        """
        own = self.of(known, file)
        if len(own) > 1:
            raise InputError(
                f"{file} holds {len(own)} samples of the patient", got=", ".join(own), expected="one",
                fix="say which one",
            )  # fmt: skip
        return own[0]

    def _said(self, known: Sequence[str], file: str) -> tuple[str, ...]:
        own = tuple(name for name in known if name in self.samples)
        if not own:
            raise InputError(
                f"{file} does not hold the sample", got=", ".join(self.samples), expected=_shown(known),
                fix=did_you_mean(self.samples[0], known),
            )  # fmt: skip
        return own

    def _beginning(self, known: Sequence[str]) -> tuple[str, ...]:
        starts = (f"{self.begins}-", f"{self.begins}_")
        return tuple(name for name in known if self.begins and name.startswith(starts))

    def _not_said(self, known: Sequence[str], file: str) -> InputError:
        if len(known) == 1:
            return InputError(f"{file} is of another sample", got=known[0], fix="say the sample's name")
        return InputError(
            f"{file} holds {len(known)} samples and none is said", got=_shown(known), expected="the patient's sample",
            fix="say which one",
        )  # fmt: skip


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
