"""One file, one format -> typed numpy/pandas records."""
