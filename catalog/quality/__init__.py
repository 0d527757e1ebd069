"""How good the data is: freshness, anomalies, alerts and who is told."""
