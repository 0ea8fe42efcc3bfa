"""Comparing treatments in data: overlap, values of policies, and how much confounding would undo."""
