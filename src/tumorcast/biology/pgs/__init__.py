"""Polygenic scores: variants of scoring files, matched to genotypes, summed, set against a reference panel."""
