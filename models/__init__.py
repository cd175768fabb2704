"""Affect models: ONNX sessions, alignment, calibration, filters, fusion and metrics. Arrays in, arrays out."""
