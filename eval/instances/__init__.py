"""Small generated catalogs on which golds and answers are executed, to tell wrong SQL from right.

One database inflates accuracy: Zhong, Yu, Klein, "Semantic evaluation for text-to-SQL with distilled test suites", 2020.
"""

from eval.instances.store import Instances, open_instances

__all__ = ["Instances", "open_instances"]
