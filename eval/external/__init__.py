"""Questions and databases of public benchmarks, in Spider's and BIRD's formats, asked of any backend that reads a schema.

What is drafted passes the same guard and sandboxed worker as Steward's own questions; golds run natively.
"""
