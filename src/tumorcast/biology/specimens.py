"""Whether a specimen is declared to be the host's own (blood, normal tissue, saliva) and not of a tumour."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tumorcast.biology.clocks.tissues import is_tumour_barcode

_HOST = re.compile(
    r"(?<![a-z])(?:blood|pbmcs?|pbl|buffy coat|leu[kc]ocytes?|white blood cells?|wbc|normal|healthy|saliva|buccal"
    r"|cheek swab|host)(?![a-z])"
)
_NOT_HOST = re.compile(
    r"tumou?r|cancer|metasta|neoplas|malignan|oma(?![a-z])|leuk[ae]+mi|blast(?![a-z])|blasts|dysplas"
    r"|(?<![a-z])(?:primary|recurren\w*|relapse\w*|aml|cml|cll|mds|mpn|no|not|without)(?![a-z])"
    r"|plasma|serum|(?<![a-z])c[ft]-?dna|cell.?free|circulating|cell line|organoid|xenograft|(?<![a-z])pdx"
)


def is_of_host(sample: str, words: Iterable[str]) -> bool:
    """Whether all that is said of a sample calls it the host's; one word of a tumour, or no word at all, does not.

    Args:
        sample: its name; TCGA's barcode says it itself, and what it says of a tumour stands.
        words: cells of tables that describe it, of any of its rows.
    """
    text = " | ".join(re.sub(r"[\s_]+", " ", word.casefold()) for word in words)
    of_tumour = is_tumour_barcode(sample)
    if of_tumour or _NOT_HOST.search(text):
        return False
    return of_tumour is False or _HOST.search(text) is not None
