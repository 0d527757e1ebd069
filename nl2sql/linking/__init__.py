"""Finds the values that a question mentions and replaces them by typed slots: ``german nodes`` → ``country1 nodes``."""
