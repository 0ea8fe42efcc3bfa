"""Descriptions that say something about pixels, written anew from what may stay of them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from tumorcast.domain.errors import SlideError
from tumorcast.slides.deidentify import policy

_MAX_XML = 2**28


def aperio(text: str) -> tuple[str, list[str]]:
    """An Aperio description with its geometry and technical numbers alone, and the keys that were dropped."""
    head, *fields = text.split("|")
    parts = (re.search(policy.APERIO_GEOMETRY, head), re.search(policy.APERIO_CODEC, head))
    kept = ["Aperio Image Library\r\n" + " ".join(part.group() for part in parts if part)]
    dropped = []
    for field in fields:
        key, _, value = (part.strip() for part in field.partition("="))
        if key in policy.APERIO_KEYS and policy.NUMBER.fullmatch(value):
            kept.append(f"{key} = {value}")
        elif key:
            dropped.append(key)
    return "|".join(kept), dropped


def ome(text: str) -> tuple[str, int]:
    """OME-XML of the first image: geometry, channels, objective; and how many images were dropped.

    Dropped: experimenters, dates, names, annotations, plates, file names and UUIDs.
    """
    root = _parsed(text)
    images = [child for child in root if _name(child) == "Image"]
    for image in images[1:]:
        root.remove(image)
    kept = _kept(root, policy.OME_ATTRIBUTES)
    space = root.tag.partition("}")[0].lstrip("{")
    if policy.OME_NAMESPACE.fullmatch(space):
        kept.set("xmlns", space)
    return _as_text(kept), max(len(images) - 1, 0)


def _parsed(text: str) -> Element:
    """Root of an XML text; one with a document type (entities) is refused."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text or len(text) > _MAX_XML:
        raise _unusable("a document type or too much text")
    try:
        return ElementTree.fromstring(text.strip().lstrip("\ufeff").encode())
    except (ElementTree.ParseError, ValueError) as error:
        raise _unusable(error) from error


def _kept(element: Element, allowed: Mapping[str, frozenset[str]]) -> Element:
    """Copy of a tree with the allowed elements, and of their attributes the allowed ones; no text at all."""
    name = _name(element)
    if name not in allowed:
        raise _unusable(f"an element {name[:40]}")
    attributes = allowed[name]
    kept = Element(
        name,
        {key: value for key, value in element.items() if key in attributes and policy.WORD.fullmatch(value)},
    )
    for child in element:
        if _name(child) in allowed:
            kept.append(_kept(child, allowed))
    return kept


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _as_text(element: Element) -> str:
    return ElementTree.tostring(element, encoding="unicode")


def _unusable(got: object) -> SlideError:
    return SlideError(
        "metadata_unreadable",
        "the slide's XML cannot be read, so that it cannot be told what to keep of it",
        got=got,
        fix="export the slide again, or as DICOM or pyramidal TIFF",
    )
