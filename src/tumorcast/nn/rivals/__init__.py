"""Published networks under our inputs and outputs: what the predictor is compared with."""
