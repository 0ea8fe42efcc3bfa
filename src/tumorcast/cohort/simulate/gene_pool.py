"""Genes that mutations fall on: drivers with their usual frequencies, long passengers, and a long tail.

Driver frequencies are rounded from pan-cancer series (Bailey 2018, Cell 173:371; Zehir 2017, Nat Med 23:703);
the long tail is named by large gene families, whose members are mostly passengers (Lawrence 2013, Nature
499:214).
"""

from __future__ import annotations

from functools import cache

DRIVER_FREQUENCIES = {
    "TP53": 0.42, "PIK3CA": 0.14, "KRAS": 0.15, "APC": 0.09, "KMT2D": 0.10, "ARID1A": 0.09, "PTEN": 0.07,
    "BRAF": 0.07, "KMT2C": 0.08, "NF1": 0.06, "RB1": 0.06, "CDKN2A": 0.06, "EGFR": 0.06, "CTNNB1": 0.05,
    "NRAS": 0.04, "FBXW7": 0.05, "KEAP1": 0.05, "STK11": 0.05, "SMAD4": 0.05, "NOTCH1": 0.05, "ATRX": 0.05,
    "SETD2": 0.04, "IDH1": 0.02, "ERBB2": 0.03, "ERBB3": 0.03, "PIK3R1": 0.03, "CREBBP": 0.04, "EP300": 0.04,
    "PBRM1": 0.04, "SMARCA4": 0.05, "VHL": 0.03, "NFE2L2": 0.03, "GATA3": 0.02, "CDH1": 0.03, "TERT": 0.01,
    "BAP1": 0.03, "KDM6A": 0.04, "FGFR3": 0.03, "FGFR2": 0.02, "KIT": 0.02, "PDGFRA": 0.02, "MET": 0.02,
    "TSC1": 0.02, "TSC2": 0.02, "MTOR": 0.03, "NOTCH2": 0.03, "STAG2": 0.03, "RBM10": 0.03, "SF3B1": 0.02,
    "HRAS": 0.01, "MAP2K1": 0.01, "MAP3K1": 0.03, "GNAS": 0.02, "TGFBR2": 0.02, "ARID2": 0.03, "ASXL1": 0.02,
    "DNMT3A": 0.02, "TET2": 0.02, "PTCH1": 0.02, "AXIN1": 0.01, "RNF43": 0.02, "CDK12": 0.02, "POLE": 0.02,
}  # fmt: skip

LONG_PASSENGERS = {
    "TTN": 40, "MUC16": 26, "RYR2": 16, "CSMD3": 15, "LRP1B": 14, "SYNE1": 13, "USH2A": 13, "FLG": 11,
    "PCLO": 11, "ZFHX4": 10, "OBSCN": 10, "CSMD1": 9, "XIRP2": 9, "FAT4": 9, "FAT3": 9, "HMCN1": 9, "RYR1": 9,
    "RYR3": 9, "SPTA1": 8, "APOB": 8, "NEB": 8, "DST": 7, "ADGRV1": 7, "PKHD1L1": 7, "HYDIN": 7, "LRP2": 7,
    "AHNAK2": 7, "MUC4": 7, "MUC17": 7, "CUBN": 6, "PLEC": 6, "AHNAK": 6, "DMD": 6, "PAPPA2": 6, "PCDH15": 6,
    "ABCA13": 6, "SYNE2": 6, "FRAS1": 5, "COL6A3": 5, "TNXB": 5, "TENM1": 5, "VPS13B": 5, "CNTNAP2": 5,
    "FAM135B": 5, "MDN1": 5, "UNC79": 4, "NBEA": 4, "ASPM": 4, "SACS": 4,
}  # fmt: skip
"""Gene -> how many times as often hit as an ordinary gene (long, late replicating)."""

_FAMILIES = {
    "ZNF": "2-3 7-8 16-20 22-26 34-35 69-71 79-81 90-93 98-101 131-136 140-143 180-182 211-215 221-227"
    " 232-236 273-277 281-285 316-320 329-331 333-335 345-347 382-384 394-398 414-420 428-433 438-446"
    " 467-471 483-488 490-493 500-503 510-514 524-530 543-544 546-552 554-584 592-600 605-611 613-616"
    " 618-630 652-655 667-672 674-684 699-701 706-711 716-718 721-724 726-730 763-766 770-778 781-787"
    " 789-793",
    "DNAH": "1-3 5-12 14 17",
    "MYH": "1-4 6-11 13-15",
    "ABCA": "1-10 12",
    "ADAMTS": "1-10 12-20",
    "LAMA": "1-5",
    "KRT": "1-5 7-10 12-20 23-28 31-32 34-40 71-86",
    "TRIM": "2-11 13-17 21-29 31-52 54-56 58-69 71-75",
    "USP": "1-8 10-16 18-22 24-26 28-51",
    "CDH": "2-13 15-20 22-24",
    "KLHL": "1-15 17-18 20-26 28-36",
    "GPR": "17-22 31-35 61-63 82-85 148-153 155-158 160-162",
    "FBXO": "2-6 8-11 15-17 21-22 24-25 27-28 30-34",
    "WDR": "1 3-7 11-13 17-20 24-27 35-38 43-49 53-55 72-77 81-83 86-91",
    "TTC": "3-6 12-14 16-17 22-24 27-29",
    "CCDC": "6-9 12-15 59-63 80-83 105-107 124-127 148-150 157-160 166-172 177-188 194-198",
    "RNF": "4-8 111-112 121-123 148-152 166-170 180-183 212-217",
    "MMP": "1-3 7-17 19-21 24-28",
    "TMEM": "59-62 78-82 114-117 138-141 143-145 201-205 207-210 212-223 230-232 247-250 258-260 265-268",
    "ANKRD": "1-2 6-7 9-12 26-29 44-46 52-55 60-63",
    "ARHGAP": "4-6 8-10 17-33 35-36 39-40",
    "DOCK": "1-11",
    "LRRC": "1-4 7 17-20 23-28 30-32 38-43 51-53 55-59 69-73",
    "DNAJC": "1-19",
    "TBC1D": "1-5 12-17 19-21",
    "SLC6A": "1-9 11-20",
    "SLC12A": "1-9",
    "SLC22A": "1-18",
    "SLC4A": "1-5 7-11",
    "ABCB": "1 4-11",
    "ABCC": "1-6 8-12",
    "COL4A": "1-6",
    "TRPM": "1-8",
    "KCNH": "1-8",
    "GRM": "1-8",
    "GRIK": "1-5",
    "RBM": "3-7",
}  # fmt: skip


@cache
def tail_genes() -> tuple[str, ...]:
    """Members of the families, in a fixed order; drivers and long passengers left out."""
    names = [f"{stem}{number}" for stem, spans in _FAMILIES.items() for number in _numbers(spans)]
    return tuple(name for name in names if name not in DRIVER_FREQUENCIES and name not in LONG_PASSENGERS)


def _numbers(spans: str) -> list[int]:
    ends = [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in spans.split()]
    return [number for first, last in ends for number in range(first, last + 1)]
