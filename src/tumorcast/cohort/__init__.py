"""The course table: assembly, splits, guards, standardisation, patient graphs, arrays."""
