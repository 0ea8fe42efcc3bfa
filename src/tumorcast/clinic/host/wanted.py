"""Which sample of a file is the patient's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tumorcast.biology.specimens import is_of_tumour
from tumorcast.domain.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Wanted:
    """How the patient's sample is found in a file.

    Attributes:
        samples: names that were said: one of them must be there. (): not said.
        also_called: names by which it is known where none was said (patient, samples of the study).
        begins: a name that begins so is the patient's, too, as `P1-N` with `P1`; "": none. Of genotypes it counts where
            none of the names above is there.
        takes_only: a file's only sample is taken under any name; False where files are of several patients.
        tumours: samples that are declared to be a tumour, whose genotypes are not the host's.
        others: samples that are somebody else's: never taken, though one was said.
        like_others: samples that are called as somebody else is: taken only where one was said.
    """

    samples: tuple[str, ...] = ()
    also_called: tuple[str, ...] = ()
    begins: str = ""
    takes_only: bool = True
    tumours: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    like_others: frozenset[str] = frozenset()

    def of(self, names: Iterable[str], file: str) -> tuple[str, ...]:
        """The patient's samples among those of a file; () where it may be of several patients and has none of this one.

        Raises:
            InputError: a sample that is not there or somebody else's, or several of which none is said.
        """
        known = tuple(names)
        if self.samples:
            return self._said(known, file)
        own = tuple(name for name in known if self.is_known(name))
        if own or not self.takes_only:
            return own
        if len(known) == 1 and known[0] not in self.others | self.like_others:
            return known
        raise self._none(known, file)

    def germline_of(self, names: Iterable[str], file: str) -> tuple[str, ...]:
        """The patient's one sample that is not declared to be a tumour, or () as `of`.

        Raises:
            InputError: as `of`, several are the patient's, or all that are (or were named) are tumours.
        """
        found = self.of(names, file)
        own = tuple(name for name in found if name not in self.tumours and not is_of_tumour(name, ()))
        if not self.samples:
            own = tuple(name for name in own if name in self.also_called) or own
        if found and not own and (self.samples or self.takes_only):
            raise InputError(
                f"{file}: the sample is declared to be a tumour, whose genotypes are not the host's",
                got=_shown(found), expected="a sample of blood, saliva or normal tissue",
                fix="give the germline's, or correct the sample table",
            )  # fmt: skip
        if len(own) > 1:
            raise InputError(
                f"{file} holds {len(own)} samples of the patient", got=", ".join(own), expected="one",
                fix="say which one",
            )  # fmt: skip
        return own

    def is_known(self, name: str) -> bool:
        """Whether a sample's name is one by which the patient is known, so that it speaks for itself."""
        begins = (f"{self.begins}-", f"{self.begins}_")
        return name in self.also_called or bool(self.begins and name.startswith(begins))

    def _said(self, known: tuple[str, ...], file: str) -> tuple[str, ...]:
        own = tuple(name for name in known if name in self.samples)
        if not own:
            raise InputError(
                f"{file} does not hold the sample", got=", ".join(self.samples), expected=_shown(known),
                fix=did_you_mean(self.samples[0], known),
            )  # fmt: skip
        if foreign := tuple(name for name in own if name in self.others):
            raise InputError(
                f"{file}: the sample is another patient's by the study", got=_shown(foreign),
                expected="a sample of the patient", fix="name the patient's, or correct the study",
            )  # fmt: skip
        return own

    def _but(self, known: tuple[str, ...]) -> str:
        is_told = any(name in self.others | self.like_others for name in known)
        return ": it holds another patient's" if is_told else ""

    def _none(self, known: tuple[str, ...], file: str) -> InputError:
        if self.also_called or self.begins:
            is_others = self.others.issuperset(known)
            return InputError(
                f"{file} holds no sample that is called as the patient is{self._but(known)}", got=_shown(known),
                expected=_shown(self.also_called or (self.begins,)),
                fix="give the patient's files, or correct the study" if is_others else "say the sample's name",
            )  # fmt: skip
        return InputError(
            f"{file} holds {len(known)} samples and none is said", got=_shown(known), expected="the patient's sample",
            fix="say which one",
        )  # fmt: skip


def _shown(names: tuple[str, ...]) -> str:
    return (", ".join(names[:6]) + (" ..." if len(names) > 6 else "")) or "none"
