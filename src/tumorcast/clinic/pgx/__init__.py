"""Pharmacogenomics of samples: calls, guidance, and the files that hold them."""
