"""Synthesises (question, plan) pairs for training from phrase files that people write."""
