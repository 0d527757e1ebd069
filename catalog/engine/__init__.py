"""Where approved SQL runs: redacted snapshots in confined worker processes."""
