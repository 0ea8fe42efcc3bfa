"""The log of the lab's processes: a JSON object a line, of ids, counts and codes alone."""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path
from typing import TextIO

from tumorcast.lab.audit import checked_code, utc


def log_event(event: str, stream: TextIO | None = None, **fields: object) -> None:
    """Write one line to stderr (or `stream`), at once.

    Raises:
        ValueError: a value that is neither a number nor a code; it could be a name.
    """
    told = {"at": utc(time.time()), "event": event, **{key: checked_code(fields[key]) for key in fields}}
    print(json.dumps(told), file=stream or sys.stderr, flush=True)


def where(error: BaseException) -> str:
    """Type of an error and the line of code that raised it; never its message, which may hold a name."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    return f"{type(error).__name__}@{place}"
