"""Which cancer a patient has: what was given, else what the study declares; where the two contradict, it is told."""

from __future__ import annotations

from tumorcast.biology.regimens.cancers import above, are_related, check_code, code_of, name_of
from tumorcast.cohort.people import told_of_sample
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study


def cancer_of(study: Study, patient_id: str, given: str | None) -> tuple[str, str]:
    """The OncoTree code, and who declared it; where the study names it coarsely and finely, the finer.

    Raises:
        InputError: a name that is no cancer, or nothing given and the study declares none or several.
    """
    texts, finest = _declared(study, patient_id)
    if given is not None:
        code = check_code(given)
        others = [name_of(other) for other in finest if not are_related(other, code)]
        return code, f"given, but the study declares {', '.join(others)}" if others else "given"
    if len(finest) == 1:
        return finest[0], "declared by the study"
    raise InputError(
        f"the cancer type of patient '{patient_id}' is not known",
        got=", ".join(texts) or "no column CANCER_TYPE or ONCOTREE_CODE",
        expected="one OncoTree code or name",
        fix="give --cancer CODE (docs/formulary.md)",
    )


def declared_cancer(study: Study, patient_id: str) -> str:
    """OncoTree code that the study declares; "" where it declares none, or several."""
    _, finest = _declared(study, patient_id)
    return finest[0] if len(finest) == 1 else ""


def _declared(study: Study, patient_id: str) -> tuple[list[str], list[str]]:
    """What the study says of the patient's samples: texts, and their finest codes."""
    samples = study.samples.index[study.samples["patient_id"].astype(str) == patient_id]
    texts = [text for sample in samples for text in told_of_sample(study, str(sample), "cancer_type")]
    codes = list(dict.fromkeys(code for text in texts if (code := code_of(text)) is not None))
    return texts, [code for code in codes if not any(code in above(other)[1:] for other in codes)]
