"""One folder on disk: generations, rows, state and their keys."""
