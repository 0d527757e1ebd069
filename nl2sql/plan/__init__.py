"""The plan language: what the embedded model writes, what that means, and its SQL."""
