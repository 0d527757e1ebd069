"""The demonstration catalog: facts as TOML files and a seeded builder that lays a working network over them."""
