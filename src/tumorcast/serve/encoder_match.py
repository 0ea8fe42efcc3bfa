"""Are these tile features of the very encoder and tile size that the model was trained with?"""

from __future__ import annotations

from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.slides.bag import StoreAttrs

_SIZE_TOLERANCE = 0.02
_VOUCH = "--trust-features uses them all the same"
VOUCHED = "features whose encoder or tile size is not recorded, vouched for by the user"


def mismatch(attrs: StoreAttrs, info: TileEncoderInfo, is_vouched: bool = False) -> str | None:
    """Why these features cannot go into the model, in words; None where they can.

    Refused: another encoder, the same with other weights or another export (another sha256), other um/px, another side
    of a tile, another larger field or none. Features that do not say by which encoder or at which size they were made
    are refused too, and so are all where the model's own are not recorded, unless the user vouches for them; what
    features say against the model counts all the same.
    """
    return _contradiction(attrs, info) or (None if is_vouched else _unknown(attrs, info))


def _contradiction(attrs: StoreAttrs, info: TileEncoderInfo) -> str | None:
    if attrs.encoder and info.id and attrs.encoder != info.id:
        return f"encoder_mismatch: features of {attrs.encoder}, the model was trained on {info.id}"
    if attrs.encoder_sha256 and info.sha256 and attrs.encoder_sha256 != info.sha256:
        return (
            f"encoder_mismatch: features of another {info.id or 'encoder'} (sha256 {attrs.encoder_sha256[:12]}), "
            f"the model was trained on {info.sha256[:12]}"
        )
    if info.id and attrs.encoder and bool(attrs.context_mpp) != bool(info.context_mpp):
        got, wanted = ("with", "without") if attrs.context_mpp else ("without", "with")
        return f"tile_mismatch: features {got} a larger field, the model was trained {wanted} one"
    for name, got_um, wanted_um in (
        ("um/px", attrs.target_mpp, info.target_mpp),
        ("um a tile", attrs.tile_um, info.tile_um),
        ("um/px of the larger field", attrs.context_mpp, info.context_mpp),
    ):
        if got_um and wanted_um and abs(got_um / wanted_um - 1) > _SIZE_TOLERANCE:
            return f"tile_mismatch: {got_um:g} {name}, the model was trained on {wanted_um:g}"
    return None


def _unknown(attrs: StoreAttrs, info: TileEncoderInfo) -> str | None:
    if not info.id:
        return f"encoder_unknown: the model's own tile encoder is not recorded ({_VOUCH})"
    if not attrs.encoder:
        told = f"the features do not say by which encoder they were made, the model was trained on {info.id}"
        return f"encoder_unknown: {told} ({_VOUCH})"
    if (info.target_mpp or info.tile_um) and not (attrs.target_mpp or attrs.tile_um):
        return f"tile_unknown: the features do not say how large their tiles are ({_VOUCH})"
    return None
