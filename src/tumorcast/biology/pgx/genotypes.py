"""What one sample shows at the known positions of one gene, and what else it carries there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

UNKNOWN_PHASE = -1
"""Phase set of unphased calls; 0 is the one phase set of files that phase without naming sets."""


@dataclass(frozen=True)
class SiteCall:
    """A genotype at one known position.

    Attributes:
        bases: one a strand (one alone: haploid); None where that strand was not read.
        phase_set: calls of one set agree on which strand is which; `UNKNOWN_PHASE` unphased.
    """

    bases: tuple[str | None, ...]
    phase_set: int = UNKNOWN_PHASE

    @property
    def is_complete(self) -> bool:
        """Whether every strand was read."""
        return None not in self.bases

    @property
    def is_het(self) -> bool:
        """Whether the strands differ."""
        return len(set(self.bases)) > 1

    def on_two_strands(self) -> SiteCall:
        """The call in a gene that has two copies: of a haploid one the other strand was not read."""
        return self if len(self.bases) > 1 else replace(self, bases=(*self.bases, None))


@dataclass(frozen=True)
class OtherVariant:
    """A variant that the sample carries outside what the named alleles are defined by.

    Attributes:
        kind: "loss of function" (by annotation, frame shift, splice site or structural deletion), or "unknown".
    """

    position: int
    ref: str
    alt: str
    kind: str
    why: str = ""

    @property
    def name(self) -> str:
        """As reports show it."""
        return f"g.{self.position}{self.ref}>{self.alt}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True)
class GeneGenotypes:
    """One sample, one gene.

    Attributes:
        calls: position -> call; absent positions were not typed.
        notes: what had to be set aside while reading (other reference base, conflict, spanning deletion).
    """

    calls: Mapping[int, SiteCall] = field(default_factory=dict)
    others: tuple[OtherVariant, ...] = ()
    notes: tuple[str, ...] = ()
