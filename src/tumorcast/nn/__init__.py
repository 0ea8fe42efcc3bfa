"""Plain modules: encoders, pooling, fusion, heads, losses, predictor."""
