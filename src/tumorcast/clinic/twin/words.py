"""Sentences of the twin's records, pages and pictures."""

from __future__ import annotations

from tumorcast.clinic.twin.record import PopulationFacts

RESEARCH_USE = "Research use only: not for decisions about a patient."
SIMULATION = "A simulation from a model of tumour size. It recommends nothing."
SUMS = (
    "Sums of target lesions alone: new lesions, non-target lesions and death are not in the model, so progression "
    "can come earlier than is shown."
)
LAST_VALUE = (
    "The dashed line carries the last value forward. On public series that is hard to beat: look at both."
)
STAY = "Forecasts are of the number that a scan would show; patients who leave early are not seen growing."
POPULATION_MARK = "POPULATION SIMULATION: NOT THIS PATIENT"
ALIKE_MARK = "POPULATION SIMULATION: PATIENTS LIKE THOSE THE MODEL NAMES, NOT THIS PATIENT"
NO_ONE_ALIKE = (
    "no_chance_of_progression: these are simulated patients like those whom the model names; of a patient with fewer "
    "than two scans neither a chance nor a time of progression is given"
)


def population_mark(is_moved: bool) -> str:
    """What stands across a simulated population; moved: weighed by what a model says."""
    return ALIKE_MARK if is_moved else POPULATION_MARK


NOTICES = (SIMULATION, SUMS, LAST_VALUE, STAY, RESEARCH_USE)

WHAT_IF = (
    "What if: the model's answer under an assumption, not an effect that was observed. It does not say that "
    "treatment can be stopped, paused, reduced or withheld without harm, nor that another one would do better."
)
STOP = "Growth without the drug is the model's own: no patient of the population was followed off treatment."
LEVEL = "The kill rate is taken to be proportional to the dose; no dose follows from it."
EVENT = "Its effect on the sum is as given; healing, swelling and dead tissue on scans are not modelled."
SWITCH = "The other treatment does to this tumour what it did in its own population, from another trial."
INDEPENDENT = (
    "Independent action: each virtual patient has the better of the two treatments alone; no synergy and no "
    "additivity, as there are no data of the pair."
)
NO_DRUG = (
    "{model} describes size under treatment as it was and does not separate drug from growth: a population with "
    "Claret's model is needed"
)
ONE_SCAN = "too_few_scans: an individual forecast needs two scans with a size, {n} given"
UNDECIDED = (
    "progression_undecided: within its bounds the scan of day {day:g} may be progression, or may not; no chance of "
    "progression and no best response is given"
)
BOUNDED = (
    "upper_bound: the scan of day {day:g} says {low:g} to {high:g} mm; where it stands as one number it is the upper "
    "end, not a measurement"
)
OTHER_CANCER = "other_cancer: the patient's is {own}, population {name} is of {theirs}"
OTHER_TREATMENT = "other_treatment: {arm} is not a treatment of the population ({arms})"
UNMATCHED = (
    "population_not_matched: neither the patient's cancer nor the treatment is known to be that of population {name} "
    "({arms})"
)
DECLARED = "population_declared: {name} was named by the user; cancer and treatment were not matched"
PROGRESSED = (
    "progression_seen: day {day:g}, {grounds}; the sums to come change nothing in that, so no chance of progression "
    "and no best response is given"
)
GROUNDS = {
    "": "", "sums": "by sums", "new_lesion": "by a new lesion", "non_target": "by non-target lesions",
    "target": "by target lesions", "reappeared": "by disease seen again after a complete response",
}  # fmt: skip
MISFIT = (
    "misfit: scans as far from the model as these have a chance of {chance:.1g} (least {least:g}): the population does "
    "not describe this patient"
)
FEW_ALIKE = (
    "few_alike: {n:.0f} virtual patients of the population go like this one, at least {least:.0f} are needed"
)
IMPLAUSIBLE = "implausible_size: the band passes 1000 mm; nothing is said after day {day:g}"
NO_VISIT = "implausible_size: the band passes 1000 mm before the next scan"
NO_SURVIVAL = "no_survival: the formula gives no number for these draws"
SURVIVAL_PAST = (
    "survival_past_horizon: the median lies past the {horizon:g} days that the population was followed"
)
SCENARIOS_OF_ONE_SCAN = "no_what_if: a what-if needs the forecast of a patient with two scans or more"
PRIOR_MOVED_CODE = "prior_from_model"
PRIOR_MOVED = (
    "prior_from_model: before any scan {source} expects {percent:+.0f}% [{low:+.0f}, {high:+.0f}] near day {day:g}; "
    "the virtual patients are weighed by that, and the forecast without it stands beside"
)
PRIOR_NOT_MOVED = "prior_not_moved: {source} moves nothing: {why}"
PRIOR_CONTRADICTED = (
    "contradicted: the scans do not go with what it expects, and do with the population alone"
)
NO_BASELINE_SCAN = (
    "no_baseline_scan: the first scan is of day {first:g}; a change from baseline needs one from day {low:g} to "
    "{high:g} of treatment"
)
OTHER_SIZES = (
    "other_population: sizes of the patients whom it learnt from changed otherwise (median {theirs:+.0f}%, SD of the "
    "logarithm {their_sd:.2f}) than the population's virtual patients do ({ours:+.0f}%, {our_sd:.2f})"
)
PRIOR_PAST_HORIZON = (
    "past_horizon: day {day:g} lies past the {horizon:g} days that the population was followed"
)
PRIOR_LEGEND = "without the model's word (median)"
PRIOR_MARK = "expected before any scan"
SURVIVAL_OF_ONE_SCAN = "no_survival: survival is told of a patient with two scans or more"
OTHER_HORIZON = "past_horizon: the other population was followed until day {day:g}, before the next scan"
ENDS = "It ends on day {day:g}, where the data of the other treatment end or the band passes 1000 mm."
PAST_HORIZON = (
    "past_horizon: the last scan is day {day:g} after the first, the population was followed for {horizon:g}"
)


def people_of(population: PopulationFacts) -> str:
    """A population in short, with what is not known of it."""
    n = f"{population.n_patients} patients" if population.n_patients else "number of patients not published"
    followed = "follow-up not published, assumed to be" if population.is_horizon_assumed else "followed"
    return f"{population.name} ({population.model}, {n}, {followed} {population.horizon_days:g} days)"
