"""Which column names say what happened after the treatment began."""

from __future__ import annotations

import re

from tumorcast.cohort.labels import ENDPOINTS, RESPONSE_COLUMNS

OUTCOME_COLUMNS = {
    *(name for names in RESPONSE_COLUMNS.values() for name in names),
    "RESPONSE", "RESPONDER", "VITAL_STATUS", "DEATH", "DEAD", "DECEASED", "PROGRESSION", "PROGRESSED", "BCOR", "FOLD",
}  # fmt: skip
_ALWAYS = re.compile(
    rf"^SIZE[._ ]CHANGE|^(?:{'|'.join(ENDPOINTS)})(?:[._ -]|$)|^RCB|CENSOR|CNSR|SURVIVAL|"
    r"(?:TIME|DAYS|MONTHS|DATE|DAY)[._ ](?:TO|OF|UNTIL)[._ ]\w*(?:DEATH|PROGRESS|RESPONSE|RELAPSE|RECUR|LAST)|"
    r"^(?:BEST[._ ])?RESPONSE[._ ](?:DAY|DATE|MONTHS?|TIME)"
)
_MEASURES = r"SIZE|DIAMETERS?|SLD"
_SIZES = rf"{_MEASURES}|SUM|TUMOU?RS?|LESIONS?|TARGETS?|BURDEN"
_VISIT = r"(?:WEEK|WK|MONTH|CYCLE|VISIT|DAY|W)\d*|POST"
_TIMES = r"DATES?|DAYS?|WEEKS?|MONTHS?|YEARS?|TIME|STATUS|EVENT|FREE"
_TREATMENT = r"TREATMENT|THERAPY|DRUG|STUDY|TRIAL"
_SIZE_LATER = re.compile(
    rf"_(?:{_SIZES})_(?:.*_)?CHANGE_|_CHANGE_(?:.*_)?(?:{_SIZES})_|"
    rf"_(?:{_MEASURES})_(?:.*_)?(?:{_VISIT})_|_(?:{_VISIT})_(?:.*_)?(?:{_MEASURES})_|"
    r"_SHRINKAGE_|_NADIR_|_TUMOU?R_REGRESSION_"
)
_FILLER = r"(?:(?:BEST|PERCENT|PERCENTAGE|PCT|MAX|MAXIMUM|MAXIMAL|FROM|BASELINE|OVERALL)_)*"
_CHANGE_ONLY = re.compile(rf"_{_FILLER}CHANGE_{_FILLER}")
_LATER = re.compile(
    rf"_(?:{'|'.join(ENDPOINTS)}|OS\d+Y\w*|ORR|DCB|DCR|CBR|BOR|RCB|MPR|I?RECIST|MRECIST|BESTRESP|BENEFIT|ALIVE|DIED|DEAD|DECEASED|"
    r"PROGRESSED|PROGRESSION|RESPONSES?|RESPONDERS?|DEATH|FOLLOWUP|FOLLOW_UP|DISCONTINU\w+)_|"
    rf"_(?:RELAPSED?|RECURRED|RECURRENCE)_(?:.*_)?(?:{_TIMES})_|_(?:{_TIMES})_(?:.*_)?(?:RELAPSED?|RECURRED|RECURRENCE)_|"
    r"_LAST_(?:CONTACT|SEEN|ALIVE|KNOWN|VISIT|FU)_|"
    rf"_(?:TIME|DAYS|WEEKS|MONTHS|DURATION|CYCLES)_(?:ON|OF)_(?:{_TREATMENT})_|_(?:{_TREATMENT})_(?:DURATION|END|STOP)_|"
    rf"_(?:OFF|END_OF|STOP|STOPPED)_(?:{_TREATMENT})_"
)
_EARLIER = re.compile(r"_(?:PRIOR|PREVIOUS)_")
_BIOLOGY = re.compile(
    r"_(?:DAMAGE|STRESS|HYPOXIA|INTERFERON|IFNG?|ANTIBODY|VACCINE|INFLAMMATORY|IMMUNE|ALPHA|GAMMA|PROTEIN|ANDROGEN|ESTROGEN|UV)_RESPONSES?_|"
    r"_(?:PROGRAMMED|CELL)_DEATH_|_DEATH_(?:LIGAND|RECEPTOR)_"
)


def is_outcome(column: str) -> bool:
    """True for a column that says what happened after the treatment began (never a feature).

    By the words of its name, in any position: responses, benefit, endpoints ("OS", "PFS.CNSR", "INV_PFS"), censoring,
    survival, death, progression, follow-up, time on treatment, and a size that changed or is of a later visit. What
    names an earlier treatment ("PRIOR_RESPONSE") was known before.
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).upper()
    if column.upper() in OUTCOME_COLUMNS or name in OUTCOME_COLUMNS or _ALWAYS.search(name):
        return True
    words = "_" + "_".join(re.findall(r"[A-Z0-9]+", name)) + "_"
    if _SIZE_LATER.search(words) or _CHANGE_ONLY.fullmatch(words):
        return True
    return _EARLIER.search(words) is None and _LATER.search(_BIOLOGY.sub("_", words)) is not None
