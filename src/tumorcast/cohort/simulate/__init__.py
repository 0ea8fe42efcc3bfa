"""The simulated cohort: slides, omics and clinical data whose response follows a planted, stated formula."""

from tumorcast.cohort.simulate.build import simulate_study

__all__ = ["simulate_study"]
