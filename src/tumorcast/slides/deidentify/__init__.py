"""De-identified copies of slides: built anew from what may stay, and checked before they get their name."""
