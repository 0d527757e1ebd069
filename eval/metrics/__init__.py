"""What a run's records add up to: pure functions over `eval.record.Record`, which run nothing and read no file."""
