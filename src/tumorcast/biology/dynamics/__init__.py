"""Tumour size over time: published models in closed form, ODEs, schedules, derived quantities, populations."""
