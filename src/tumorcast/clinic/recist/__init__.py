"""Responses of a cohort as tables and pictures: `tumorcast recist`."""
