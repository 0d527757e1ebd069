"""What is mended, and what is right as it is."""

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.spelling import mend


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("whichdatasets have no owner", "which datasets have no owner"),
        ("howmany copies", "how many copies"),
        ("hwo meny copies", "how many copies"),
        ("oft he nodes int he EU", "of the nodes in the EU"),
        ("last moth", "last month"),
        ("whos the owner", "who's the owner"),
        ("we wont keep it", "we won't keep it"),
        ("querys and anomalys", "queries and anomalies"),
        ("denyed requests", "denied requests"),
        ("permisions and tranfers", "permissions and transfers"),
        ("legaly allowed", "legally allowed"),
        ("trainning and failling", "training and failing"),
        ("transfered data", "transferred data"),
        ("violatons last week", "violations last week"),
        ("dispaly the nodes", "display the nodes"),
        ("created yesteday", "created yesterday"),
        ("the priciest offer, the costliest query", "the most expensive offer, the most expensive query"),
        ("the quikest run, the latset reqest", "the quickest run, the latest request"),
        ("what is open as of now", "what is open now"),
        ("longer than 10 mins, within 30min", "longer than 10 minutes, within 30 minutes"),
        ("how many nodes do we have today", "how many nodes do we have right now"),
        ("which policies are going to lapse", "which policies lapse"),
        ("grants that will expire in May", "grants that expire in May"),
        ("who has access 2 C4", "who has access to C4"),
        ("models that go back 2 squad", "models that go back to squad"),
        ("update me on the open alerts", "show me the open alerts"),
        ("Please fill me in on last week", "Please show me last week"),
        ("give me a quick update on outages", "show me outages"),
        ("run me through the incidents", "show me the incidents"),
        ("now all the way up", "now upstream at any depth"),
        ("how many failed in each of the last three months", "how many failed per month in the last three months"),
        ("for each of the past 6 weeks, denials", "per week in the past 6 weeks, denials"),
        ("sales in each of the last 3 weeks with any", "sales in each of the last 3 weeks with any"),
        ("create a short list of old tables", "list old tables"),
        ("can you write down all owners and spell out the licences", "can you list all owners and list the licences"),
        ("share with me the gateways", "show me the gateways"),
        ("remove any doubt: who owns C4", "who owns C4"),
        ("wen wer teh nodes adn tables rateing low, do we hav any", "when were the nodes and tables rating low, do we have any"),
    ],
)
def test_mended(typed: str, read: str, index: NameIndex) -> None:
    assert mend(typed, index).question == read


@pytest.mark.parametrize(
    "right",
    [
        "analyse the behaviour, categorise and anonymise it",
        "analyze the behavior, categorize and anonymize it",
        "stats for prod nodes",
        "withheld and withhold",
        "retried, retrained, unasked, handlers",
        "a timestamp in the shortlist",
        "Wen and Hav are seeing and being, freeing and agreeing",
        "padding, tagging, scatter and warranty",
        "the comfiest, crispest and glitziest tables",
        "back 2 weeks, access 2 tables, top 2 C4 copies",
        "open as of Monday",
        'the words "whos int he"',
        "update me as its owner, write down that it is old",
        "create a list, set out new rules, walk me home",
    ],
)
def test_right_as_it_is(right: str, index: NameIndex) -> None:
    assert mend(right, index).question == right
