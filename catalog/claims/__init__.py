"""Who says what of a dataset, which names are one dataset, and what that amounts to."""
