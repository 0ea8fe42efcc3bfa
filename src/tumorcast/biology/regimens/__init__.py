"""Regimens as sets of drugs, and the sourced formulary of them by cancer type."""
