"""Predictor -> ONNX bundle, parity check, model card."""
