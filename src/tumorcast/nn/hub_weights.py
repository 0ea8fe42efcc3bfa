"""Published weights from the hub: told first, fetched only where that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.slides.encoder_catalogue import EncoderRecord
from tumorcast.slides.encoder_terms import how_to_get, terms


def fetch_weights(record: EncoderRecord, allow_download: bool) -> Path:
    """The encoder's published weight file, downloaded unless the hub's cache on this machine has it.

    Licence and access are told on the standard error stream before a download starts.

    Raises:
        InputError: downloads were not allowed, the publisher keeps the file elsewhere, or the hub refused.
    """
    if not record.repository or not allow_download:
        raise InputError(
            f"no weights are given for {record.id}",
            expected=f"{record.id}@FILE with {record.file}",
            fix=how_to_get(record),
        )
    print(f"downloading {record.repository}/{record.file}: {terms(record)}", file=sys.stderr)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    try:
        return Path(hf_hub_download(record.repository, record.file))
    except GatedRepoError as error:
        raise InputError(
            f"the publisher of {record.id} has not granted access",
            got=record.repository,
            fix=f"ask on the page of {record.repository}, then set HF_TOKEN to your token",
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(
            f"the hub did not give {record.file}",
            got=f"{record.repository}: {str(error).splitlines()[0]}",
            fix=how_to_get(record),
        ) from error
