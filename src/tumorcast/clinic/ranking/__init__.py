"""Candidate regimens of one patient side by side: a record of plain facts, its table, chart and page."""
