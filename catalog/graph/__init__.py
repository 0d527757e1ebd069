"""Lineage as a graph: what a place comes from and flows into, what breaks with it, where personal data goes, what is amiss.

Reads the tables of one snapshot. Knows no policy: what it is given is all there is.
"""
