"""One gene of one sample: diplotype, activity score, phenotype, and everything that limits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tumorcast.biology.pgx.definitions import GeneDefinition, Position
from tumorcast.biology.pgx.genotypes import GeneGenotypes, OtherVariant, SiteCall
from tumorcast.biology.pgx.lowest_function import call_variants
from tumorcast.biology.pgx.matcher import TooManyPhasingsError, diplotypes
from tumorcast.biology.pgx.phenotypes import (
    INDETERMINATE,
    NO_CALL,
    NORMAL,
    UNCHARACTERISED,
    PhenotypeRules,
    activity_score,
    phenotype_by_function,
    phenotype_by_score,
)

_SHOWN = 6
LOST = "loss-of-function or structural variant outside the named alleles, uncharacterised: "
HALF_READ = "was not read and"
STRANGE = "undocumented variant at "
ONE_STRAND = "haploid genotypes on an autosome: the other strand was not read there"
_NO_PAIR = (
    "not called: no pair of named alleles explains the genotypes; "
    "combinations and partial alleles are not called"
)
_SLCO1B1 = 21178615
"""rs4149056 (c.521T>C), GRCh38."""


@dataclass(frozen=True)
class GeneCall:
    """What is known of one gene.

    Attributes:
        diplotype: as PharmCAT writes it; several joined by OR; "" not called.
        lookup: names of the alleles that phenotype and guidance rest on; () not called or not one diplotype.
        functions: of `lookup`, in its order.
        activities: of `lookup`, None without a value; () in genes without scores.
        activity_score: None where there is none.
        phenotype: CPIC's, "Indeterminate", "Uncharacterised", or "No call"; several joined by OR.
        phenotype_of_typed: what the typed positions alone would say; differs where `phenotype` withholds Normal.
        score: PharmCAT's match score, None outside calls and where it has none.
        missing: names of positions that were not typed.
        alternatives: lower-scoring diplotypes of other phenotype that unphased data do not rule out.
        is_outside: the call was given, not made here.
        limits: why the gene may work less well than called (`limits.limits_of`).
    """

    gene: str
    diplotype: str
    phenotype: str
    lookup: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    activities: tuple[float | None, ...] = ()
    activity_score: float | None = None
    phenotype_of_typed: str = ""
    score: int | None = None
    n_positions: int = 0
    missing: tuple[str, ...] = ()
    missing_key: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    others: tuple[OtherVariant, ...] = ()
    notes: tuple[str, ...] = ()
    is_outside: bool = False
    limits: tuple[str, ...] = ()

    @property
    def is_called(self) -> bool:
        """Whether there is a diplotype or a phenotype to rest on."""
        return self.phenotype != NO_CALL


def call_gene(
    definition: GeneDefinition, genotypes: GeneGenotypes, rules: PhenotypeRules, sex: str | None = None
) -> GeneCall:
    """Call one gene.

    Args:
        sex: "male", "female", None unknown; decides how many copies of X-linked genes there are.
    """
    calls, notes, stop = _usable(definition, genotypes, sex)
    blank = _blank(definition, calls, genotypes)
    if stop is not None:
        return _by_single_variant(definition, calls, replace(blank, notes=(stop, *notes)), rules)
    try:
        if definition.gene == "DPYD":
            called = _by_lowest_function(definition, calls, blank)
        else:
            called = _by_diplotype(definition, calls, blank, rules)
    except TooManyPhasingsError as error:
        return replace(blank, notes=(f"not called: {error}; phase the file", *notes))
    return guarded(replace(called, notes=(*called.notes, *notes)))


def _blank(
    definition: GeneDefinition, calls: Mapping[int, SiteCall], genotypes: GeneGenotypes
) -> GeneCall:  # fmt: skip
    untyped = [one for one in definition.positions if one.position not in calls]
    return GeneCall(
        definition.gene,
        "",
        NO_CALL,
        phenotype_of_typed=NO_CALL,
        n_positions=len(definition.positions),
        missing=tuple(one.name for one in untyped),
        missing_key=tuple(one.name for one in untyped if one.is_key),
        others=genotypes.others,
    )


def _usable(
    definition: GeneDefinition, genotypes: GeneGenotypes, sex: str | None
) -> tuple[dict[int, SiteCall], tuple[str, ...], str | None]:
    """(calls to match, notes, why the gene cannot be called)."""
    notes = list(genotypes.notes)
    calls: dict[int, SiteCall] = {}
    partial: list[tuple[Position, SiteCall]] = []
    for position, given in genotypes.calls.items():
        call = given if definition.is_x_linked else given.on_two_strands()
        if call is not given and ONE_STRAND not in notes:
            notes.append(ONE_STRAND)
        known = definition.by_position[position]
        if call.is_complete:
            calls[position] = call
        elif any(base not in (None, known.ref) for base in call.bases):
            partial.append((known, call))
    if not calls and not partial:
        return {}, tuple(notes), f"not called: none of {len(definition.positions)} positions was typed"
    copies, stop = _copies(definition, calls, sex)
    if stop:
        return calls, tuple(notes), stop
    if copies == 1:
        calls = {position: SiteCall(call.bases[:1]) for position, call in calls.items()}
    if partial and definition.gene != "DPYD":
        names = ", ".join(one.name for one, _ in partial)
        return calls, tuple(notes), f"not called: one strand of {names} was not read"
    for one, call in partial:
        calls[one.position] = replace(call, bases=tuple(base or one.ref for base in call.bases))
        notes.append(f"one strand of {one.name} was not read and is not known to be reference")
    return _documented(definition, calls, notes)


def _copies(
    definition: GeneDefinition, calls: Mapping[int, SiteCall], sex: str | None
) -> tuple[int, str | None]:  # fmt: skip
    """(1 or 2, why neither)."""
    numbers = {len(call.bases) for call in calls.values()}
    if not definition.is_x_linked:
        return 2, None
    if sex == "male":
        if any(call.is_het for call in calls.values()):
            return 1, "not called: heterozygous on the X chromosome of a male sample (conflict)"
        return 1, None
    if len(numbers) > 1:
        return 2, "not called: haploid and diploid genotypes in one X-linked gene (conflict)"
    if sex == "female" and numbers == {1}:
        return 1, "not called: haploid genotypes on the X chromosome of a female sample (conflict)"
    return (next(iter(numbers)) if numbers else 2), None


def _documented(
    definition: GeneDefinition, calls: dict[int, SiteCall], notes: list[str]
) -> tuple[dict[int, SiteCall], tuple[str, ...], str | None]:
    """Bases that no allele knows: read as reference, or the end of the call, as PharmCAT does."""
    strange = []
    for position, call in calls.items():
        known = definition.known_bases[position]
        if any(base not in known for base in call.bases):
            strange.append(definition.by_position[position].name)
            ref = definition.by_position[position].ref
            bases = tuple(base if base in known else ref for base in call.bases)
            calls[position] = replace(call, bases=bases)
    if not strange:
        return calls, tuple(notes), None
    names = ", ".join(strange)
    if definition.undocumented_as_reference:
        notes.append(f"{STRANGE}{names} is uncharacterised and was read as reference")
        return calls, tuple(notes), None
    return calls, tuple(notes), f"not called: undocumented variant at {names} is uncharacterised"


def _by_diplotype(
    definition: GeneDefinition, calls: Mapping[int, SiteCall], blank: GeneCall, rules: PhenotypeRules
) -> GeneCall:
    found = diplotypes(definition, calls)
    if not found:
        return _by_single_variant(definition, calls, replace(blank, notes=(_NO_PAIR,)), rules)
    best = [one for one in found if one.score == found[0].score]
    phenotypes = {one: _phenotype(definition, one.alleles, rules) for one in found}
    told = list(dict.fromkeys(phenotypes[one] for one in best))
    scores = {_score(definition, one.alleles) for one in best}
    alternatives = [one for one in found[len(best) :] if phenotypes[one] not in told]
    lookup = best[0].alleles if len(best) == 1 else ()
    return replace(
        _looked_up(blank, definition, lookup),
        diplotype=" OR ".join(one.name for one in best),
        phenotype=" OR ".join(told),
        activity_score=next(iter(scores)) if len(scores) == 1 else None,
        phenotype_of_typed=" OR ".join(told),
        score=best[0].score,
        alternatives=tuple(f"{one.name} ({phenotypes[one]})" for one in alternatives),
    )


def _by_single_variant(
    definition: GeneDefinition, calls: Mapping[int, SiteCall], blank: GeneCall, rules: PhenotypeRules
) -> GeneCall:
    """SLCO1B1 without a diplotype: its phenotype by rs4149056 alone, as PharmCAT does; never Normal."""
    call = calls.get(_SLCO1B1)
    if definition.gene != "SLCO1B1" or call is None or not set(call.bases) <= {"T", "C"}:
        return blank
    lookup = tuple(sorted("*5" if base == "C" else "*1" for base in call.bases))
    phenotype = _phenotype(definition, lookup, rules)
    if phenotype in NORMAL:
        return blank
    return replace(
        _looked_up(blank, definition, lookup),
        diplotype="/".join(f"rs4149056 {base}" for base in sorted(map(str, call.bases))),
        phenotype=phenotype,
        phenotype_of_typed=phenotype,
        notes=("by rs4149056 alone", *blank.notes),
    )


def _looked_up(blank: GeneCall, definition: GeneDefinition, lookup: tuple[str, ...]) -> GeneCall:
    alleles = [definition.by_name[name] for name in lookup]
    activities = tuple(one.activity for one in alleles) if definition.method == "score" else ()
    functions = tuple(one.function for one in alleles)
    return replace(blank, lookup=lookup, functions=functions, activities=activities)


def _score(definition: GeneDefinition, names: tuple[str, ...]) -> float | None:
    if definition.method != "score":
        return None
    return activity_score([definition.by_name[name].activity for name in names])


def _phenotype(definition: GeneDefinition, names: tuple[str, ...], rules: PhenotypeRules) -> str:
    if definition.method == "score":
        return phenotype_by_score(definition.gene, _score(definition, names))
    functions = [definition.by_name[name].function for name in names]
    return phenotype_by_function(definition.gene, functions, rules)


def _by_lowest_function(
    definition: GeneDefinition, calls: Mapping[int, SiteCall], blank: GeneCall
) -> GeneCall:  # fmt: skip
    found = call_variants(definition, calls)
    score = _score(definition, found.lookup)
    phenotype = phenotype_by_score(definition.gene, score)
    return replace(
        _looked_up(blank, definition, found.lookup),
        diplotype=found.name,
        phenotype=phenotype,
        activity_score=score,
        phenotype_of_typed=phenotype,
        score=_dpyd_score(definition, calls, found.options),
        notes=found.notes,
    )


def _dpyd_score(
    definition: GeneDefinition,
    calls: Mapping[int, SiteCall],
    options: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...],
) -> int | None:
    """PharmCAT's match score where strands carry nothing or one variant each."""
    if len(options) != 1 or any(len(side) > 1 for side in options[0]):
        return None
    bases = [definition.by_name[name].bases for side in options[0] for name in side]
    return sum(len(one) for one in bases) + (2 - len(bases)) * len(calls)


def guarded(call: GeneCall) -> GeneCall:
    """Withhold Normal where the test did not look, or saw what nobody has characterised."""
    lost = [one for one in call.others if one.kind == "loss of function"]
    words = call.phenotype.split(" OR ")
    if lost:
        names = ", ".join(one.name for one in lost[:_SHOWN])
        note = f"{LOST}{names}"
        if any(word in NORMAL or word == INDETERMINATE for word in words):
            return replace(call, phenotype=UNCHARACTERISED, activity_score=None, notes=(note, *call.notes))
        return replace(call, notes=(note, *call.notes))
    is_partial = any(HALF_READ in note for note in call.notes)
    if any(word in NORMAL for word in words) and (call.missing_key or is_partial):
        names = ", ".join(call.missing_key)
        note = f"not told as {call.phenotype}: key positions were not typed ({names})"
        notes = (note, *call.notes) if names else call.notes
        return replace(call, phenotype=INDETERMINATE, activity_score=None, notes=notes)
    return call
