"""Trains and exports the embedded model; needs the ``train`` extra (torch, transformers, onnx)."""
