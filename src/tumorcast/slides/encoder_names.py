"""How a tile encoder is named on the command line: `NAME`, `NAME@WEIGHTS`, `NAME@WEIGHTS#sha256=HEX`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from tumorcast.domain.errors import InputError

RANDOM, TUNED = "random", "tuned"


@dataclass(frozen=True)
class EncoderName:
    """The parts of an encoder id.

    Attributes:
        model: `efficientnet_lite0`, a name of the catalogue, `timm:MODEL`, `hub:REPOSITORY`, or `tuned`.
        weights: a file, `random`, or "" for the published weights.
        sha256: that the file must have; "" for any.
    """

    model: str
    weights: str = ""
    sha256: str = ""

    @property
    def file(self) -> Path | None:
        """The weight file, if one is named."""
        return Path(self.weights) if self.weights not in ("", RANDOM) else None


def parse_encoder(encoder_id: str) -> EncoderName:
    """The parts of an id; InputError where what follows `#` is no checksum."""
    model, _, rest = encoder_id.partition("@")
    weights, marked, told = rest.partition("#")
    digest = told.removeprefix("sha256=").lower()
    if marked and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise InputError(
            "the checksum of the weights cannot be read",
            got=f"#{told}",
            expected="NAME@FILE#sha256= and 64 hexadecimal digits",
            fix="see sha256sum FILE",
        )
    return EncoderName(model, weights, digest)


def weights_digest(name: EncoderName) -> str:
    """sha256 of the named weight file.

    Raises:
        InputError: there is no such file, or its checksum is not the one that was told.
    """
    path = name.file
    if path is None or not path.is_file():
        raise InputError("there is no such weight file", got=path, fix="mend the path after @")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if name.sha256 and found != name.sha256:
        raise InputError(
            f"{path.name} is not the file that was meant",
            got=f"sha256 {found}",
            expected=name.sha256,
            fix="fetch the file again from its publisher",
        )
    return found
