"""Whether a specimen is declared to be the host's own (blood, normal tissue, saliva) and not of a tumour."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tumorcast.biology.clocks.tissues import is_tumour_barcode

_HOST = re.compile(
    r"(?<![a-z])(?:blood|pbmcs?|pbl|buffy coat|leu[kc]ocytes?|white blood cells?|wbc|normal|healthy|saliva|buccal"
    r"|cheek swab|host)(?![a-z])"
)
_TUMOUR = re.compile(
    r"tumou?r|cancer|metasta|neoplas|malignan|oma(?![a-z])|leuk[ae]+mi|blast(?![a-z])|blasts|dysplas"
    r"|(?<![a-z])(?:primary|recurren\w*|relapse\w*|aml|cml|cll|mds|mpn)(?![a-z])"
    r"|plasma|serum|(?<![a-z])c[ft]-?dna|cell.?free|circulating|cell line|organoid|xenograft|(?<![a-z])pdx"
)
_DENIED = re.compile(r"(?<![a-z])(?:no|not|without)(?![a-z])")


def is_of_host(sample: str, words: Iterable[str]) -> bool:
    """Whether all that is said of a sample calls it the host's; one word of a tumour, or no word at all, does not.

    Args:
        sample: its name; TCGA's barcode says it itself, and what it says of a tumour stands.
        words: cells of tables that describe it, of any of its rows.
    """
    text = _text(words)
    if is_of_tumour(sample, [text]) or _DENIED.search(text):
        return False
    return is_tumour_barcode(sample) is False or _HOST.search(text) is not None


def is_of_tumour(sample: str, words: Iterable[str]) -> bool:
    """Whether anything that is said of a sample calls it a tumour's, or free DNA of one; no word at all does not.

    Args:
        sample, words: as for `is_of_host`.
    """
    text = _text(words)
    is_denied = _DENIED.search(text) is not None and _HOST.search(text) is not None
    return bool(is_tumour_barcode(sample)) or (_TUMOUR.search(text) is not None and not is_denied)


def _text(words: Iterable[str]) -> str:
    return " | ".join(re.sub(r"[\s_]+", " ", word.casefold()) for word in words)
