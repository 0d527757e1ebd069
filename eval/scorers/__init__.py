"""Rules by which a predicted result is right. No score means anything without the name of its rule.

``steward`` follows the declared `Comparison` of a question. The others are the rules of public benchmarks, for figures that can be held beside theirs.
"""

from collections.abc import Mapping
from types import MappingProxyType

from eval.scorers.defog import defog
from eval.scorers.official import bird_set, multiset, ordered, test_suite
from eval.scorers.policy import steward
from eval.scorers.spider2 import spider2
from eval.scorers.table import Scorer, Table

__all__ = ["SCORERS", "Scorer", "Table"]

SCORERS: Mapping[str, Scorer] = MappingProxyType({
    "steward": steward,
    "test-suite": test_suite,
    "bird-set": bird_set,
    "multiset": multiset,
    "ordered": ordered,
    "spider2": spider2,
    "defog": defog,
})
