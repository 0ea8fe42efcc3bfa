"""What a user must know of an encoder's weights before they are fetched."""

from __future__ import annotations

from tumorcast.slides.encoder_catalogue import EncoderRecord


def terms(record: EncoderRecord) -> str:
    """Licence, access and width in a line."""
    access = "access is granted by the publisher on request" if record.gated else "free access"
    return f"{record.title}; licence {record.licence}; {access}; {record.width} features a tile"


def how_to_get(record: EncoderRecord) -> str:
    """Where the weights are, for a site with and one without internet."""
    if not record.repository:
        return f"{record.note}, then give {record.id}@FILE"
    return (
        f"add --allow-download, or fetch {record.file} of huggingface.co/{record.repository} on another machine"
        f" and give {record.id}@FILE (licence {record.licence}{', gated' if record.gated else ''})"
    )
