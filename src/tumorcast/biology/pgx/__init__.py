"""Pharmacogenomics: named alleles, diplotypes, activity, phenotypes, quoted guidance."""
