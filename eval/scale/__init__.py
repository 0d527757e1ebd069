"""How the catalog does at size: a synthetic catalog of any size, and the figures of ``docs/scale.md`` measured on it."""
