"""Pure functions on arrays: discrimination, survival, calibration, intervals."""
