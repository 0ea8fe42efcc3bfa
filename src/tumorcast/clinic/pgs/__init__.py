"""Polygenic scores of samples: sums with what they rest on, and the files that hold them."""
