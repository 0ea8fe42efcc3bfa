"""The lab: bundle, ONNX Runtime session, prediction of a study. No torch."""
