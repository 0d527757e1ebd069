"""Words that mean as many things as there are views: everything that expired, our partners, the most popular one. Asks no model."""

import re
from dataclasses import dataclass
from functools import cache

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.language import AskBack, AskWhich, Decline, Item, Query


@dataclass(frozen=True, slots=True)
class Vague:
    """An expression, and the columns and measures of which it can mean each."""

    said: str
    choices: tuple[str, ...]


ANYTHING = r"(?:what|whatever|everything|anything|something|all|stuff|(?:which |the |all )?things)(?: that| which)?"
"""What is asked about where no view is named."""
ASIDES = r"(?:already|still|currently|right now|now|at the moment|today|so far|lately|recently|these days|by now|yet|please|pls|here|there|of late|soon|(?:in|on|at|for|by|of|since|with) (?:us|our (?:catalog|network|data)|the (?:catalog|network)))"
NAMED = r"(?:(?:in|on|at|for|by|of|since|with|from|around|concerning|to) )?(?:the |our )?(?:period|org|country)\d"
STATES: tuple[Vague, ...] = (
    Vague(r"expir(?:ed|es|ing)|laps(?:ed|es)|run(?:s|ning)? out|about to (?:expire|lapse|run out|end)|(?:no longer|not) valid(?: any more| any longer)?", ("grants.expires", "consents.expires", "policies.valid_to")),
    Vague(r"revoked|withdrawn|cancelled|canceled|taken back|terminated", ("grants.revoked", "consents.withdrawn", "market.event")),
    Vague(r"open|unresolved|unsolved|outstanding|(?:not|un)(?: yet)? ?(?:closed|resolved|fixed|done|finished)|left to do", ("quality_checks.alert_status", "node_events.resolved", "consents.honoured")),
    Vague(r"pending|waiting|in progress|in review", ("quality_checks.alert_status", "compliance.status", "consents.status")),
    Vague(r"failed|fails|failing|broken|broke|gone wrong|went wrong|going wrong|not work(?:ed|ing)?|wrong", ("quality_checks.status", "node_events.kind", "replicas.restore_ok")),
    Vague(r"overdue|late|past due|behind(?: schedule)?|delayed", ("compliance.retention_until", "datasets.last_updated", "consents.honoured")),
    Vague(r"critical|urgent|serious|severe|(?:really |very )bad", ("quality_checks.severity", "node_events.severity", "columns.critical")),
    Vague(r"verified|unverified|not verified|tampered with|(?:not |un)?signed|not genuine", ("nodes.signature_ok", "replicas.integrity_ok", "audit_log.verified")),
    Vague(r"(?:not |un)?encrypted|(?:not |un)protected|(?:not )?secured?", ("columns.encrypted", "nodes.encrypted_at_rest", "nodes.encrypted_in_transit")),
    Vague(r"approved|signed off|authori[sz]ed|cleared", ("policies.approved_by", "grants.granted_by", "compliance.assessor")),
    Vague(r"happen(?:ed|s|ing)|occurred|went on|going on", ("node_events.kind", "quality_checks.opened", "audit_log.action")),
    Vague(r"changed|new|different|updated", ("datasets.last_updated", "policies.valid_from", "grants.granted")),
    Vague(r"masked|anonymi[sz]ed|redacted", ("lineage.masking", "audit_log.decision")),
    Vague(r"tested|untested|not tested|checked|unchecked", ("quality_checks.status", "replicas.last_restore_test", "compliance.assessed")),
    Vague(r"deleted", ("compliance.retention_until", "datasets.deprecated")),
)
"""What can be said of rows of several views."""
MORE = r"(?:(?:still|yet) )?(?:open|unresolved|overdue|critical|urgent|expired|failed)"
"""What else is said of them."""
LEAD = r"(?:(?:and|so|ok|hi|hey|hello|well|please|pls|can you|could you|would you|just|now|(?:show|list|give|tell|get|bring)(?: me| us)?|do we have|is there|are there|let me (?:see|know)|i (?:need|want|would like)(?: to (?:know|see))?|a list of|put|know)[ ,:]+)*"
OF_ALL = re.compile("|".join(rf"(?P<s{i}>^\W*{LEAD}{ANYTHING}(?:'s|'re)? (?:(?:is|are|was|were|has|have|had|got|gets|be|been|ever|just|all|{ASIDES}) )*(?:{one.said})(?:,? (?:and |but )?(?:{MORE}))?(?:,? (?:{ASIDES}|{NAMED}))*(?:, (?:just |please )?(?:put|list|show|give|send|tell)\b[^,.?!]*)?\W*$)" for i, one in enumerate(STATES)))
EXPRESSIONS: tuple[Vague, ...] = (
    Vague(r"\b(?:how many|number of|count of|list of|list|who are|which are|name) (?:all )?(?:(?:our|of our|my) (?:customers|clients)|(?:the )?(?:customers|clients) (?:(?:do )?we have|have we(?: got)?|of ours)) *(?=$|[.?!,])", ("market#buyers", "datasets.row_count", "grants.principal")),
    Vague(r"\b(?:our|all|the|who are|list of|how many)(?: our| the)? (?:business )?partners(?: (?:do )?we have| have we(?: got)?| are there| in total)?(?:,? please)? *(?=$|[.?!,])", ("datasets.owner", "nodes.operator", "market.seller")),
    Vague(r"\b(?:our|overall|total|current) (?:failure|error|success) rate(?: (?:right now|now|these days|at the moment|please|overall|today))* *(?=$|[.?!,])", ("quality_checks#failure_rate", "training_rounds.status", "replicas.restore_ok")),
    Vague(r"\b(?:most|least|more|very|really|so) (?:popular|sought[- ]after|loved|liked|wanted)\b(?!.* (?:by|for|among|people|model\w*|framework\w*|licen[cs]es?|formats?|languages?|tasks?|types?|domains?)\b)", ("market#buyers", "audit_log.actor", "lineage.downstream")),
    Vague(r"\b(?<!domains are )(?:in (?:high |great |most |the most )?demand|(?:everybody|everyone|nobody) (?:wants|likes|is after))\b(?!.* (?:by|for|people|users|model\w*|framework\w*)\b)", ("market#buyers", "audit_log.actor", "lineage.downstream")),
    Vague(r"\b(?:columns?|fields?|variables?)\b.*\b(?:(?:not|n't|insufficiently|badly|poorly|well|properly|adequately|sufficiently) (?:\w+ )?protected|protected (?:properly|well|enough|adequately|sufficiently)|safe enough|secure enough)\b", ("columns.encrypted", "columns.classification")),
    Vague(r"\b(?:nodes?|machines?|servers?|hosts?)\b.*\b(?:(?:not|n't|insufficiently|badly|poorly|well|properly|adequately) (?:\w+ )?(?:protected|secured)|(?:protected|secured) (?:properly|well|enough|adequately)|safe enough|secure enough)\b", ("nodes.encrypted_at_rest", "nodes.encrypted_in_transit", "node_events.kind")),
    Vague(r"\b(?:most expensive|costliest|dearest|cheapest|least expensive) (?:federated )?(?:training )?(?:rounds?|runs?|trainings?)\b(?!.*\b(?:energy|power|electricity|kwh|latency|seconds|time|epsilon|privacy)\b)", ("training_rounds.energy_kwh", "training_rounds.latency_s", "training_rounds.gb_per_node")),
    Vague(r"^(?!.*\b(?:alerts?|checks?|incidents?)\b).*\b(?:on (?:their|his|her|your|my) plates?|snowed under|overworked|overloaded (?:people|stewards|colleagues))\b", ("quality_checks.assignee", "datasets.steward")),
    Vague(r"\bwho(?: has| had|'s)? (?:signed off|signed|green-?lit|okayed|rubber-?stamped|cleared)(?: on)?(?: the)?(?: \w+ (?:side|part|use) of)? (?:the )?dataset\d(?: table| data)?\W*(?=$|[.?!,])", ("compliance.assessor", "policies.approved_by", "grants.granted_by")),
    Vague(r"^\W*(?:(?:any|how many|number of|list(?: of)?|show|all|open|are there(?: any)?|do we have(?: any)?|current|our|the) )*(?:disputes|quarrels)(?:,? how many)?(?: (?:do we have|are there|right now|now|please|pls))*\W*$", ("claims.disputed", "market.event")),
    Vague(r"\b(?:are|were) we (?:all )?(?:compliant|covered|legal|in the clear|on the safe side)\b(?!.* (?:dataset|regulation|term|node|org)\d)", ("compliance.status", "consents.status", "policies.enforced")),
)
"""Other expressions that leave open what is meant."""
SAID = re.compile("|".join(rf"(?P<s{i}>{one.said})" for i, one in enumerate(EXPRESSIONS)))
ORDERS = re.compile(r"^\W*(?:please )?(?:delete|remove|drop|purge|erase|close|fix|repair|revoke|renew|extend)\b")
"""How a question begins that asks for a change."""


def vague(first: Candidate, text: str) -> AskBack | None:
    """The question back for an expression that may mean several things, where the question says nothing else that tells which."""
    if not isinstance(first.plan, Query | AskWhich) and (first.plan != Decline("CHANGE") or ORDERS.match(text)):
        return None
    found, table = OF_ALL.match(text), STATES
    if found is None and not isinstance(first.plan, Decline):
        found, table = SAID.search(text), EXPRESSIONS
    return _asked(table[int(found.lastgroup.removeprefix("s"))].choices) if found and found.lastgroup else None


@cache
def _asked(choices: tuple[str, ...]) -> AskBack:
    return AskBack(tuple(Item("", (choice,)) for choice in choices))
