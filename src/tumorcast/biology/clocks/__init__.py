"""Epigenetic clocks: published formulas over arrays of betas."""
