"""Checks of the security machinery that no single test can hold: random queries, random worlds, attacks at length."""
