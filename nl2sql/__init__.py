"""Question to approved SQL to answer."""
