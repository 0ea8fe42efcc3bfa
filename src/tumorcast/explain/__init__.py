"""Attributions that need the network."""
