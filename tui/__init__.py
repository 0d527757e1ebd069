"""Terminal front doors."""
