"""GBNF for tests: recognises sentences and makes some at random. For grammars without left recursion.

Lark's Earley parser needs a second for one statement of these grammars, and xgrammar needs torch.
"""

import random
import re
import sys
from collections.abc import Iterator
from functools import cache

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)+\]|[()|*+?]|[a-z0-9]+|\S')
Node = tuple[str, object]
PRINTABLE = [chr(c) for c in range(32, 127)] + ["\n", "é", "—", "漢"]


class Gbnf:
    """One grammar: ``accepts`` and ``sentence``. Raises `ValueError` for text that is none."""

    def __init__(self, text: str) -> None:
        sys.setrecursionlimit(20_000)
        self.rules: dict[str, Node] = {}
        for line in text.splitlines():
            name, sign, body = line.partition(" ::= ")
            tokens = TOKEN.findall(body)
            if not sign or name in self.rules:
                raise ValueError(f"no rule: {line!r}")
            self.rules[name], rest = self._choice(tokens)
            if rest:
                raise ValueError(f"{name}: {rest[:5]}")
        self._costs = self._measured()

    def accepts(self, sentence: str) -> bool:
        """Whether the whole sentence is in the language."""

        @cache
        def rule_ends(name: str, at: int) -> frozenset[int]:
            return frozenset(ends(self.rules[name], at))

        def ends(node: Node, at: int) -> Iterator[int]:
            match node:
                case ("text", str(text)):
                    if sentence.startswith(text, at):
                        yield at + len(text)
                case ("class", re.Pattern() as pattern):
                    if pattern.match(sentence, at):
                        yield at + 1
                case ("rule", str(name)):
                    yield from rule_ends(name, at)
                case ("words", (frozenset() as words, [*lengths])):
                    yield from (at + length for length in lengths if sentence[at : at + length] in words)
                case ("choice", [*options]):
                    for option in options:
                        yield from ends(option, at)
                case ("sequence", [*parts]):
                    places = {at}
                    for part in parts:
                        places = {end for place in places for end in ends(part, place)}
                    yield from places
                case (("?" | "*" | "+") as sign, inner):
                    assert isinstance(inner, tuple)
                    seen, new = set[int](), {at}
                    if sign != "+":
                        yield at
                    while new and (sign != "?" or not seen):
                        new = {end for place in new for end in ends(inner, place)} - seen
                        seen |= new
                        yield from new

        return len(sentence) in rule_ends("root", 0)

    def sentence(self, rng: random.Random, budget: int = 40) -> str:
        """A sentence by chance; once ``budget`` rules are spent, the shortest way to an end is taken."""
        left = [budget]

        def made(node: Node) -> str:
            match node:
                case ("text", str(text)):
                    return text
                case ("class", re.Pattern() as pattern):
                    return rng.choice([c for c in PRINTABLE if pattern.match(c)])
                case ("rule", str(name)):
                    left[0] -= 1
                    return made(self.rules[name])
                case ("words", (frozenset() as words, _)):
                    return rng.choice(sorted(words))
                case ("choice", [*options]):
                    return made(min(options, key=self._cost) if left[0] < 0 else rng.choice(options))
                case ("sequence", [*parts]):
                    return "".join(map(made, parts))
                case (sign, inner):
                    assert isinstance(inner, tuple)
                    low = 1 if sign == "+" else 0
                    often = low if left[0] < 0 else rng.choice([low, 1] if sign == "?" else [low, 1, 2, 3])
                    return "".join(made(inner) for _ in range(often))
            raise AssertionError(node)

        return made(("rule", "root"))

    def _choice(self, tokens: list[str]) -> tuple[Node, list[str]]:
        options, parts = list[Node](), list[Node]()
        while tokens and tokens[0] != ")":
            token, *tokens = tokens
            if token == "|":
                options.append(("sequence", parts))
                parts = []
                continue
            if token in ("*", "+", "?"):
                parts[-1] = (token, parts[-1])
                continue
            if token == "(":
                inner, tokens = self._choice(tokens)
                if tokens[:1] != [")"]:
                    raise ValueError("an open bracket")
                parts.append(inner)
                tokens = tokens[1:]
            elif token[0] == '"':
                parts.append(("text", token[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")))
            elif token[0] == "[":
                parts.append(("class", re.compile(token)))
            elif token.isalnum():
                parts.append(("rule", token))
            else:
                raise ValueError(token)
        options.append(("sequence", parts))
        words = [part[0][1] for _, part in options if isinstance(part, list) and len(part) == 1 and part[0][0] == "text"]
        others = [option for option in options if (option[1] and option[1][0][0] != "text") or len(option[1]) != 1]
        node: Node = ("words", (frozenset(words), sorted({len(word) for word in words})))
        return ("choice", [*others, node] if words else others), tokens

    def _measured(self) -> dict[str, int]:
        """The fewest rules that a rule leads to."""
        self._costs = dict.fromkeys(self.rules, 10_000)
        for _ in self.rules:
            found = {name: 1 + self._cost(body) for name, body in self.rules.items()}
            if found == self._costs:
                break
            self._costs = found
        return self._costs

    def _cost(self, node: Node) -> int:
        match node:
            case ("rule", str(name)):
                return self._costs[name]
            case ("choice", [*options]):
                return min(map(self._cost, options))
            case ("sequence", [*parts]):
                return sum(map(self._cost, parts))
            case ("+", inner):
                assert isinstance(inner, tuple)
                return self._cost(inner)
        return 0
