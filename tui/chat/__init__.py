"""``steward chat``: the terminal app. Shows what the engine's events and look-ups say and decides nothing itself."""
