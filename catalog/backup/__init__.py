"""The whole folder at once: backups, tested restores, encryption at rest."""
