"""How often a test set was looked at, by which models: a set that was looked at twice has chosen between two."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd

from tumorcast.domain.timestamp import utc_now
from tumorcast.readers.files import write_text
from tumorcast.slides.encoder_cache import cache_folder

LEDGER = "looked_at.json"


def ledger_path() -> Path:
    """`looked_at.json` in `$TUMORCAST_CACHE`, else `~/.cache/tumorcast`."""
    return cache_folder() / LEDGER


def outcome_digest(table: pd.DataFrame) -> str:
    """Of the patients and their outcomes, whatever predicted them: names the test set."""
    columns = [c for c in ("patient_id", "course_id", "label", "time_days", "is_event") if c in table]
    rows = table[columns].drop_duplicates().sort_values(columns[:2])
    return hashlib.sha256(rows.to_csv(index=False, float_format="%.6g").encode()).hexdigest()


def note_look(ledger: Path, table: pd.DataFrame, model: str, name: str) -> dict[str, int]:
    """One more look of `model` at the test set of `table`; returns looks by model, this one included."""
    seen = json.loads(ledger.read_text(encoding="utf-8")) if ledger.is_file() else {}
    key = outcome_digest(table)
    entry = seen.setdefault(key, {"name": name, "looks": []})
    entry["looks"].append({"model": model, "when": utc_now()})
    write_text(ledger, json.dumps(seen, indent=1))
    counts: dict[str, int] = {}
    for look in entry["looks"]:
        counts[look["model"]] = counts.get(look["model"], 0) + 1
    return counts


def told(counts: dict[str, int], model: str) -> str:
    """A sentence."""
    others = len(counts) - 1
    said = f"this test set was looked at {sum(counts.values())} times"
    if others:
        said += f", by {others} other model{'s' if others > 1 else ''} too: it cannot choose between them unbiased"
    return f"{said} ({counts[model]} by this one)."
