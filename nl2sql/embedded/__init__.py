"""The model that ships with Steward: question to plan on two CPU threads, offline, without torch."""
