"""Survival curves of a patient as a record, and what is made of it."""
