"""Suites, scorers and reports of answers."""
