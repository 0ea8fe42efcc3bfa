"""On tables of predictions: comparisons with intervals, calibration, figures."""
