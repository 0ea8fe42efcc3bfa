"""A cohort after reading, checking and assembling: tables as mapped arrays, bags of tiles in a few large files."""
