"""Words for tissues and arrays: what a methylome was made of, and whether a clock may read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tumorcast.domain.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from tumorcast.biology.clocks.clock import Clock

Class = Literal["tumour", "blood", "cord_blood", "saliva", "buccal", "skin", "normal", "unfit"]

_TUMOUR = re.compile(
    r"tumou?r|cancer|metasta|neoplas|malignan|carcinoma|sarcoma|lymphoma|myeloma|melanoma|glioma|blastoma|leuk[ae]+mi"
    r"|adenoma|thelioma|thymoma|seminoma|meningioma|hepatoma|myelodysplas"
    r"|\b(?:aml|apl|cml|cll|mds|dlbcl|n?sclc|hcc|gbm|luad|lusc|crc|rcc)\b",
)
_NOT_A_TUMOUR = re.compile(r"\bnon[\s_-]?(?:tumou?r|cancer|malignan|neoplas)[a-z]*")
_BESIDE_TUMOUR = re.compile(
    r"\b(?:tumou?r|cancer)[\s_-]adjacent\b|\badjacent[\s_-]to[\s_-](?:(?:the|a)[\s_-])?(?:tumou?r|cancer)\b"
)
_PRIMARY = re.compile(r"\b(?:primary|recurren(?:t|ce)|relapsed?|progression|cell lines?|allograft)\b")
_TUMOUR_NAME = re.compile(r"tumou?r|metasta(?:s[ie]s|tic)|\b(?:pdx|xenograft)")
_HOST_NAME = re.compile(
    r"blood|normal|pbmc|leu[ck]ocyte|buffy|germline|saliva|buccal|healthy|control|adjacent|free"
)
_NORMAL = {"normal", "healthy"}
_FILLER = re.compile(
    r"adjacent|adult|biopsy|controls?|derived|donors?|fresh|from|human|individual|left|lobe|lower|of|people|person|right|samples?|solid"
    r"|specimen|subject|the|tissues?|upper|volunteers?"
)
_ORGAN = re.compile(
    r"adipose|adrenal|amygdala|aorta|appendix|arter(?:y|ial)|bladder|blood|bone|brain|breast|bronch(?:us|ial)|buccal"
    r"|cartilage|cells|cerebell(?:um|ar)|cervi(?:x|cal)|cheek|coat|buffy|colon|colonic|colorectal|cord|cornea|cortex"
    r"|dermis|duodenum|endometri(?:um|al)|epidermis|epitheli(?:um|al)|oesophagus|esophagus|fallopian|fat|gallbladder"
    r"|gastric|gingiva|gland|head|and|neck|heart|hepatic|hippocampus|ileum|intestin(?:e|al)|jejunum|kidney|large|larynx"
    r"|leu[ck]ocytes|liver|lung|lymph|mammary|marrow|mening(?:es|eal)|mucosa|muscle|myometrium|nasal|nasopharynx|nerve"
    r"|node|nose|oral|ovar(?:y|ian)|pancrea(?:s|tic)|parotid|pbl|pbmc|peripheral|pharynx|pituitary|placenta|pleura"
    r"|prostat(?:e|ic)|pulmonary|rectal|rectum|renal|retina|saliva|salivary|skeletal|skin|small|spinal|spleen|stomach"
    r"|swab|testis|thymus|thyroid|tongue|tonsil|trachea|tube|ureter|urethra|uter(?:us|ine)|vagina|vein|vulva|wbc|white"
    r"|whole"
)
"""Words of which the name of an organ may be made; beside `normal` nothing else may stand."""
_PATIENT = re.compile(r"\b(?:patients?|subjects?|cases?|individuals?|donors?|wom[ae]n|m[ae]n)\b")
_OF_PATIENT = re.compile(
    r"patients?|subjects?|cases?|individuals?|donors?|wom[ae]n|m[ae]n|s|a|an|the|of|from|with|in|who|has|had|having|stage|iii?|iv"
    r"|cancers?|(?:adeno)?carcinomas?|melanomas?|(?:osteo)?sarcomas?|gliomas?|glioblastomas?|mesotheliomas?|n?sclc|hcc|rcc|crc"
    r"|luad|lusc|non|cell|bladder|breast|cervical|colon|colorectal|endometrial|o?esophageal|gastric|head|and|neck|hepatocellular"
    r"|kidney|liver|lung|oral|ovarian|pancreatic|prostate|rectal|renal|skin|stomach|testicular|thyroid|urothelial"
)
_MAYBE_OF_BLOOD = re.compile(r"\bblood\s+cancers?\b|\bcell\s+lines?\b")
"""A cancer of the blood makes the blood a tumour's."""
_WORDS: dict[str, tuple[str, Class]] = {
    "blood": ("blood", "blood"), "whole blood": ("blood", "blood"), "peripheral blood": ("blood", "blood"),
    "peripheral whole blood": ("blood", "blood"), "pbmc": ("pbmc", "blood"), "leukocytes": ("leukocytes", "blood"),
    "leucocytes": ("leukocytes", "blood"), "peripheral blood leukocytes": ("leukocytes", "blood"),
    "pbl": ("leukocytes", "blood"), "buffy coat": ("leukocytes", "blood"), "wbc": ("leukocytes", "blood"),
    "white blood cells": ("leukocytes", "blood"), "venous blood": ("blood", "blood"),
    "peripheral blood mononuclear cells": ("pbmc", "blood"), "pbmcs": ("pbmc", "blood"),
    "dried blood spot": ("dried blood spot", "blood"), "dried blood spots": ("dried blood spot", "blood"),
    "lymphocytes": ("lymphocytes", "blood"), "monocytes": ("monocytes", "blood"),
    "granulocytes": ("granulocytes", "blood"), "neutrophils": ("neutrophils", "blood"),
    "cord blood": ("cord blood", "cord_blood"),
    "saliva": ("saliva", "saliva"), "buccal": ("buccal", "buccal"), "buccal cells": ("buccal", "buccal"),
    "buccal epithelium": ("buccal", "buccal"), "buccal epithelial cells": ("buccal", "buccal"),
    "buccal mucosa": ("buccal", "buccal"), "mouth swab": ("buccal", "buccal"),
    "wb": ("blood", "blood"), "blood dna": ("blood", "blood"), "control blood": ("blood", "blood"),
    "germline blood": ("blood", "blood"), "blood pbmc": ("pbmc", "blood"), "t cells": ("t cells", "blood"),
    "cd4 t cells": ("t cells", "blood"), "cd8 t cells": ("t cells", "blood"), "b cells": ("b cells", "blood"),
    "nk cells": ("nk cells", "blood"), "cd14": ("monocytes", "blood"), "cd14 monocytes": ("monocytes", "blood"),
    "buccal swab": ("buccal", "buccal"), "cheek swab": ("buccal", "buccal"), "cell line": ("cell line", "unfit"),
    "cfdna": ("cfdna", "unfit"), "ctdna": ("ctdna", "unfit"), "plasma": ("plasma", "unfit"),
    "serum": ("serum", "unfit"), "organoid": ("organoid", "unfit"), "xenograft": ("xenograft", "unfit"),
    "pdx": ("xenograft", "unfit"),
}  # fmt: skip
_UNFIT_WORDS = re.compile(r"\bcell lines?\b|\bpdx|xenograft|organoid|\b(?:cf|ct) ?dna\b")
_UNFIT = "cell lines, xenografts, organoids and free DNA in plasma are no tissue of a person"
EXPECTED_TISSUES = (
    "tumour, blood, cord blood, saliva, buccal, or `normal` with the organ (normal liver, normal skin)"
)
_SEQUENCING = re.compile(r"bs\b|bisulfite|bisulphite|nanopore|\bont\b|pac ?bio|seq|medip|\btaps\b|twist")
_ARRAY_FILLERS = re.compile(
    r"illumina|\b(?:infinium|bead ?chips?|arrays?|kit|platform|dna|v[ .]?1\.2|\d{6,})\b|(?:human ?)?methylation"
)
_PLATFORMS = (
    ("EPICv2", re.compile(r"gpl33022|(?:epic ?(?:v ?)?2(?:\.0)?)?(?: ?(?<!\d)(?:hm ?)?9(?:[35]\d|00)k?)?")),
    (
        "EPIC",
        re.compile(r"gpl(?:21145|23976)|(?:epic(?: ?v ?1(?:\.0)?)?(?: 2016)?)?(?: ?(?<!\d)(?:hm ?)?850k?)?"),
    ),
    ("450k", re.compile(r"gpl(?:13534|16304)|(?:hm ?)?450k?(?: 450k?)?")),
    ("27k", re.compile(r"gpl8490|(?:hm ?)?27k?(?: 27k?)?")),
    ("MSA", re.compile(r"(?:screening)? ?(?:msa)?")),
)
EXPECTED_PLATFORMS = "27k, 450k, EPIC, EPICv2, MSA"
_BARCODE = re.compile(
    r"(?<![A-Z0-9])(?:TCGA[-._][A-Z0-9]{2}[-._][A-Z0-9]{4}|TARGET[-._]\d{2}[-._][A-Z0-9]+(?:[-._]\d)?)[-._](\d{2})"
    r"(?!\d)",
    re.IGNORECASE,
)
_TUMOUR_TYPES, _NORMAL_TYPES = {*range(1, 10), 40, 41, 42, 50, 60, 61}, range(10, 15)


@dataclass(frozen=True)
class Tissue:
    """What a sample was declared to be.

    Attributes:
        name: one for all ways to say it (`blood` of whole blood): samples of one name are compared with each other.
        group: what decides which clocks read it.
    """

    name: str
    group: Class


def tissue_of(word: str) -> Tissue:
    """A declared word as a tissue. An organ alone is not taken: it may be a tumour of it.

    Where a tumour is named too, `normal` counts only in `non-tumour` and `tumour-adjacent normal`; and beside `normal`
    nothing but an organ may stand (`normal karyotype` is none).

    Raises:
        InputError: a word that does not say whether it is a tumour.
    """
    text = word.strip().casefold()
    name = _plain(text)
    if name in _WORDS:
        return Tissue(*_WORDS[name])
    if of_patient := _blood_of_patient(text):
        return of_patient
    marked = _BESIDE_TUMOUR.sub("adjacent", _NOT_A_TUMOUR.sub("normal", text))
    if _TUMOUR.search(marked):
        return Tissue(re.sub(r"\btumor", "tumour", name), "tumour")
    if _UNFIT_WORDS.search(name):
        return Tissue("cell line" if "line" in name else name, "unfit")
    tokens = _plain(marked).split()
    if _NORMAL & set(tokens):
        organ = [word for word in tokens if word not in _NORMAL and not _FILLER.fullmatch(word)]
        if " ".join(organ) in _WORDS:
            return Tissue(*_WORDS[" ".join(organ)])
        if all(map(_ORGAN.fullmatch, organ)):
            place = ["adjacent"] if "adjacent" in tokens else []
            return Tissue(" ".join([*place, "normal", *organ]), "skin" if organ == ["skin"] else "normal")
    raise InputError(
        "the tissue is not known, or does not say whether it is a tumour", got=word, expected=EXPECTED_TISSUES,
        fix=did_you_mean(name, [*_WORDS, "tumour", "normal"]),
    )  # fmt: skip


def _blood_of_patient(text: str) -> Tissue | None:
    """`blood of a patient with lung cancer`: the host's blood; None where a cancer of the blood, a specimen of the
    tumour, or no patient may be meant."""
    if not _PATIENT.search(text) or _MAYBE_OF_BLOOD.search(text):
        return None
    rest = [word for word in _plain(text).split() if not _OF_PATIENT.fullmatch(word)]
    known = _WORDS.get(" ".join(rest))
    return Tissue(*known) if known is not None and known[1] == "blood" else None


def contrary_tissue(word: str) -> Tissue | None:
    """What a word beside the declared tissue (a sample type of TCGA, a source) makes of it: a tumour, or no tissue of a
    person; None: neither."""
    try:
        found = tissue_of(word)
    except InputError:
        is_primary = _PRIMARY.search(_plain(word.casefold())) is not None
        return Tissue("tumour", "tumour") if is_primary else None
    return found if found.group in ("tumour", "unfit") else None


def names_tumour(sample: str) -> bool:
    """Whether a sample's name calls it a tumour (`P1_tumour`), and nothing in it the host's (`P1_tumour_blood`)."""
    name = _plain(_NOT_A_TUMOUR.sub("normal", sample.casefold()))
    return _TUMOUR_NAME.search(name) is not None and _HOST_NAME.search(name) is None


def _plain(text: str) -> str:
    """Words with single blanks between."""
    return re.sub(r"[\W_]+", " ", text).strip()


def platform_of(word: str) -> str:
    """A declared array by its usual name.

    Raises:
        InputError: no Illumina methylation array.
    """
    text = re.sub(r"[\s_()/+-]+", " ", word.strip().casefold())
    rest = " ".join(_ARRAY_FILLERS.sub(" ", text).split())
    found = next((name for name, words in _PLATFORMS if words.fullmatch(rest)), None)
    if found is None or not rest or _SEQUENCING.search(text):
        raise InputError(
            "the array is not known", got=word, expected=EXPECTED_PLATFORMS,
            fix="sequencing (WGBS, RRBS, nanopore) is out of scope: clocks are for arrays",
        )  # fmt: skip
    return found


def is_tumour_barcode(sample: str) -> bool | None:
    """Whether a TCGA or TARGET barcode, wherever it stands in the name, says tumour or normal; None: none does.

    The parts may be separated by dots or underscores, as R makes them. Types 01 to 09, blood cancers after treatment
    (40 to 42), cell lines and xenografts (50, 60, 61) are tumours; 10 to 14 are normal.
    """
    types = {int(code) for code in _BARCODE.findall(sample)}
    if types & _TUMOUR_TYPES:
        return True
    return False if types & set(_NORMAL_TYPES) else None


def why_not(clock: Clock, tissue: Tissue) -> tuple[str, str] | None:
    """(code, reason) where a clock must not read a tissue; None: it may."""
    if tissue.group == "tumour":
        if clock.kind == "age":
            return "tumour_tissue", "no age is given of tumour tissue"
        if "tumour" not in clock.tissues:
            return "tumour_tissue", "a read-out of the host, which tumour tissue does not give"
        return None
    if tissue.group == "unfit":
        return "tissue_unfit", _UNFIT
    if "any" in clock.tissues or tissue.group in clock.tissues:
        return None
    made_for = ", ".join(sorted(clock.tissues))
    return "other_tissue", f"made for {made_for}; the sample is {tissue.name}"
