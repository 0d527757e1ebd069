"""What the catalog does with publications: fetch, verify, take in."""
