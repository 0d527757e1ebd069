"""What leaves the catalog for other systems: the rows of one asker's redacted snapshot, as OpenLineage, Croissant, DCAT-AP or Parquet."""
