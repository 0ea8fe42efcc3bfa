"""What a folder of wheels is made of, as CycloneDX 1.6 JSON with licences.  python deploy/sbom.py WHEELS OUT.json"""

from __future__ import annotations

import email.parser
import hashlib
import json
import re
import sys
import uuid
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

REFUSED = re.compile(r"(?<!L)(?<!Lesser )(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
"""Licences that a lab's install must not hold; the Lesser GPL of OpenSlide is a library's."""

_TROVE = "License :: "
_CHOICE = {
    "BSD-3-Clause": r"BSD[- ]?3|3-Clause",
    "MIT": r"^MIT( License)?$",
    "Apache-2.0": r"^Apache[ -](Software )?(License )?(Version )?2",
    "LGPL-2.1-only": r"Lesser General Public License v2 \(|LGPL.?2\.1",
    "HPND": r"HPND",
    "PSF-2.0": r"^PSF|Python Software Foundation",
    "MPL-2.0": r"MPL.?2|Mozilla Public License 2",
}
"""SPDX identifier -> how metadata of older packages spell it."""


def main(words: list[str]) -> int:
    """Write the SBOM; 1 where a licence is refused."""
    wheels, out = Path(words[0]), Path(words[1])
    made = sbom(sorted(wheels.glob("*.whl")), sorted(wheels.parent.glob("*.tgz")))
    out.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8", newline="\n")
    bad = refused(made)
    print(
        "\n".join(f"refused licence: {name}: {licence}" for name, licence in bad)
        or f"{len(made['components'])} components in {out}"
    )
    return 1 if bad else 0


def sbom(wheels: list[Path], scripts: list[Path]) -> dict[str, Any]:
    """One component a wheel or script package; the same for the same files, wherever and whenever it is made."""
    parts = [_of_wheel(path) for path in wheels] + [_of_script(path) for path in scripts]
    own = next((part for part in parts if part["name"] == "tumorcast"), None)
    told = {"component": {**own, "type": "application"}} if own else {}
    digest = hashlib.sha256("".join(part["hashes"][0]["content"] for part in parts).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(digest[:32])}",
        "version": 1,
        "metadata": told,
        "components": [part for part in parts if part is not own],
    }


def refused(made: dict[str, Any]) -> list[tuple[str, str]]:
    """(component, licence) of those that must not be there."""
    return [
        (part["name"], licence)
        for part in made["components"]
        for licence in [licence_of(part)]
        if is_refused(licence)
    ]


def is_refused(licence: str) -> bool:
    """Whether no way of reading an SPDX expression is free of refused licences; an unknown one is refused too."""
    while inner := re.search(r"\(([^()]*)\)", licence):
        if not re.search(r"\b(AND|OR)\b", inner[1]):
            licence = f"{licence[: inner.start()]}[{inner[1]}]{licence[inner.end() :]}"
            continue
        told = "GPL" if is_refused(inner[1]) else "fine"
        licence = f"{licence[: inner.start()]}{told}{licence[inner.end() :]}"
    return not licence or all(REFUSED.search(way) for way in re.split(r"\bOR\b", licence))


def licence_of(part: dict[str, Any]) -> str:
    """In one line; "" unknown."""
    words = [
        each.get("expression") or each["license"].get("id") or each["license"]["name"]
        for each in part["licenses"]
    ]
    return " AND ".join(words)


def licence_told(metadata: Message) -> list[dict[str, Any]]:
    """CycloneDX's `licenses`: the SPDX expression, else the classifiers, else the first line of the free text."""
    if expression := metadata.get("License-Expression"):
        return [{"expression": expression}]
    named = [
        each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier", []) if each.startswith(_TROVE)
    ]
    free = (metadata.get("License") or "").strip().splitlines()[:1]
    return [{"license": _spdx(name)} for name in ([name for name in named if name != "OSI Approved"] or free)]


def _spdx(name: str) -> dict[str, str]:
    found = next((each for each, spelt in _CHOICE.items() if re.search(spelt, name)), None)
    return {"id": found} if found else {"name": name}


def _of_wheel(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as wheel:
        place = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        metadata = email.parser.BytesParser().parsebytes(wheel.read(place), headersonly=True)
    name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
    return _component(
        path, name, metadata["Version"], f"pkg:pypi/{name}@{metadata['Version']}", licence_told(metadata)
    )


def _of_script(path: Path) -> dict[str, Any]:
    name, _, version = path.name.removesuffix(".tgz").rpartition("-")
    return _component(path, name, version, f"pkg:npm/{name}@{version}", [{"license": {"id": "BSD-3-Clause"}}])


def _component(
    path: Path, name: str, version: str, purl: str, licences: list[dict[str, Any]]
) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "licenses": licences,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
