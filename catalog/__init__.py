"""The governed catalog: semantic views, ingest, policy, snapshots, sandboxed engine, audit."""
