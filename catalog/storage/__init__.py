"""One folder on disk: generations, state, encryption, backups."""
