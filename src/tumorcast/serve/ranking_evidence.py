"""On what evidence a candidate's number rests: who received it in training, and whether the patient could have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tumorcast.biology.drugs import Agent, normalise_agents
from tumorcast.biology.regimens.cancers import are_related, code_of
from tumorcast.biology.regimens.regimen import key_of
from tumorcast.biology.treatment_families import BESIDE, family_of, treatment_key
from tumorcast.clinic.ranking.candidate import OverlapFact, Tier
from tumorcast.clinic.ranking.words import TIERS
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.serve.bundle import Bundle

FEWEST = 20
"""Training patients of a cancer who received exactly this, below which nothing is contrasted."""
_MOST_PARTS = 3


@dataclass(frozen=True)
class TrainingTreatments:
    """Who received what in training, seen from one cancer type.

    Attributes:
        here: key -> patients of this cancer; elsewhere: of others, or of whom it is not recorded.
        agents, classes, targets: of all drugs that were given.
    """

    here: dict[str, int]
    elsewhere: dict[str, int]
    agents: frozenset[str]
    classes: frozenset[str]
    targets: frozenset[str]

    @property
    def n_of_cancer(self) -> int:
        """Training patients of this cancer."""
        return sum(self.here.values())

    @property
    def single_arm(self) -> str:
        """The only key that `FEWEST` patients of this cancer received, "" where there are others; of all training
        patients where fewer than that are known to have this cancer."""
        own = _told_of(self.here)
        counts = own if sum(own.values()) >= FEWEST else _told_of(self.here, self.elsewhere)
        arms = [key for key, n in counts.items() if n >= FEWEST] or list(counts)
        return arms[0] if len(arms) == 1 else ""


def training_treatments(bundle: Bundle, cancer: str) -> TrainingTreatments:
    """Of a bundle, for an OncoTree code; all empty where the bundle does not say."""
    here: dict[str, int] = {}
    elsewhere: dict[str, int] = {}
    for one in bundle.manifest.population.treatments:
        code = code_of(one.cancer)
        own = here if code is not None and are_related(code, cancer) else elsewhere
        own[key_of(one.agents)] = own.get(key_of(one.agents), 0) + one.n
    seen = bundle.prepared.treatment
    told = {name for key in (*here, *elsewhere) for name in key.split(" + ") if name}
    known = [agent for name in {*seen.agents, *told} for agent in normalise_agents(name)]
    targets = frozenset(target for agent in known for target in agent.targets)
    return TrainingTreatments(
        here, elsewhere, frozenset({*seen.agents, *told}), frozenset(seen.classes), targets
    )


def tier_of(agents: tuple[Agent, ...], seen: TrainingTreatments) -> tuple[Tier, str]:
    """The tier, and it in words with its numbers of patients."""
    key = key_of(agent.name for agent in agents)
    if seen.here.get(key):
        return "seen_here", f"{TIERS['seen_here']}: {seen.here[key]} patients"
    if seen.elsewhere.get(key):
        return (
            "seen_elsewhere",
            f"{TIERS['seen_elsewhere']}: {seen.elsewhere[key]} patients, none known of this one",
        )
    strange = [agent.name for agent in agents if not _is_near(agent, seen)]
    if strange:
        told = f"{TIERS['not_seen']}: {', '.join(strange)} shares neither class nor target with any drug of training"
        return "not_seen", told
    return "extrapolated", f"{TIERS['extrapolated']}: no training patient received exactly this"


def overlap_of(
    bundle: Bundle,
    agents: tuple[Agent, ...],
    course: CourseArrays | None,
    line: float,
    seen: TrainingTreatments,
) -> OverlapFact:
    """Whether the patient could have received it: by the bundle's propensity where it has one, else by counts.

    Both ask that enough training patients of this cancer received exactly this; the propensity is of the families of
    its drugs (`treatment_families.treatment_key`). Where it finds none, there is none for any regimen of the family,
    seen or not.
    """
    n = seen.here.get(key_of(agent.name for agent in agents), 0)
    family = treatment_key(agent.cls for agent in agents)
    found = None
    if bundle.overlap is not None and course is not None:
        verdict = bundle.overlap.judge(baseline_numbers(bundle.prepared, course, line), family)
        found = OverlapFact(verdict.support, f"{family}: {verdict.reason}", verdict.chance)
    if found is not None and found.support == "none":
        return found
    if not n:
        return OverlapFact("not_seen", "no training patient of this cancer received it")
    if found is not None and (n >= FEWEST or found.support != "overlap"):
        return found
    if n < FEWEST:
        return OverlapFact("too_few", f"fewer than {FEWEST} training patients of this cancer received it")
    return OverlapFact("counts", f"{n} training patients of this cancer received it; judged by counts alone")


def effective_patients(bundle: Bundle, agents: tuple[Agent, ...], seen: TrainingTreatments) -> float:
    """Training patients of this cancer who received it, as many as they are worth under overlap weights."""
    n = float(seen.here.get(key_of(agent.name for agent in agents), 0))
    family = treatment_key(agent.cls for agent in agents)
    if bundle.overlap is None or family not in bundle.overlap.counts:
        return n
    return n * bundle.overlap.effective[family] / bundle.overlap.counts[family]


def parts_of(agents: tuple[Agent, ...], seen: TrainingTreatments) -> tuple[str, ...]:
    """The fewest disjoint sets of drugs, each given to enough patients of this cancer, that make up a combination.

    Empty where there are none, where it is no combination, or where two of them share a class: drugs of one kind do
    not act independently.
    """
    names = frozenset(agent.name for agent in agents if agent.cls not in BESIDE)
    sets = {key: frozenset(key.split(" + ")) for key, n in seen.here.items() if key and n >= FEWEST}
    usable = {key: own for key, own in sets.items() if _core(own, agents) and _core(own, agents) < names}
    for size in range(2, _MOST_PARTS + 1):
        for chosen in combinations(sorted(usable), size):
            parts = [_core(usable[key], agents) for key in chosen]
            is_whole = sum(map(len, parts)) == len(names) and frozenset().union(*parts) == names
            if is_whole and _are_of_other_kinds(parts, agents):
                return chosen
    return ()


def is_combination(classes: Iterable[str]) -> bool:
    """Whether more than one of these drugs is a treatment, not only given beside one."""
    return sum(cls not in BESIDE for cls in classes) > 1


def agents_of_key(key: str, known: Mapping[str, Agent]) -> tuple[Agent, ...]:
    """The drugs of a key; those of a formulary before the package's own."""
    found = []
    for name in key.split(" + "):
        found += [known[name]] if name in known else list(normalise_agents(name))
    return tuple(found)


def _told_of(*counts: Mapping[str, int]) -> dict[str, int]:
    """Patients by key, added up, without those of whom no drug is known."""
    keys = dict.fromkeys(key for one in counts for key in one if key)
    return {key: sum(one.get(key, 0) for one in counts) for key in keys}


def _are_of_other_kinds(parts: Sequence[frozenset[str]], agents: tuple[Agent, ...]) -> bool:
    families = [{family_of(agent.cls) for agent in agents if agent.name in part} for part in parts]
    return sum(map(len, families)) == len(set().union(*families))


def _core(names: frozenset[str], agents: tuple[Agent, ...]) -> frozenset[str]:
    """The drugs that count, where all of them are the combination's; else none."""
    own = {agent.name: agent.cls for agent in agents}
    if not names <= own.keys():
        return frozenset()
    return frozenset(name for name in names if own[name] not in BESIDE)


def _is_near(agent: Agent, seen: TrainingTreatments) -> bool:
    return (
        agent.cls in BESIDE
        or agent.name in seen.agents
        or agent.cls in seen.classes
        or bool(seen.targets & {*agent.targets})
    )
