"""Names in other words than the catalog's: what is taken for one at once, what is read both ways, and what is left alone."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.loose import names_alike, said_in_full
from nl2sql.linking.mentions import Linked
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)


@pytest.fixture(scope="module")
def places(index: NameIndex) -> NameIndex:
    """The common index with identifiers of several words and nodes called by places."""
    made = NameIndex.load(index.dump())
    for kind, value in (
        *(("dataset", name) for name in ("energy_meter_readings", "Kenya maize yields", "Africa field boundary labels", "old ticket log", "new ticket log")),
        *(("dataset", name) for name in ("Kenya hourly weather", "Uganda bean yields", "Uganda coffee yields", "million songs", "RedPajama", "SlimPajama-6B", "BluePajama", "GreenPajama", "BookSum", "TriviaQA", "HotpotQA", "FoodNote", "SideNote")),
        *(("run", name) for name in ("swahili-flower-2", "lung-scan-flower-1", "lung-scan-flower-4", "maize-pysyft-1")),
        *(("node", name) for name in ("cape-town-1", "novosibirsk-1", "vienna-1", "vienna-2", "orders-7", "oslo-vault")),
        *(("dataset", name) for name in ("Oslo air quality", "old air quality")),
        *(("model", name) for name in ("text-davinci-002", "text-davinci-003")),
    ):
        made.add(kind, value, value)
    return made


def _read(linked: Linked) -> tuple[str, str]:
    """The text, and what the first dataset, node or country of it stands for."""
    values = ["|".join(mention.value.values) for mention in linked.mentions.values() if mention.kind in ("dataset", "node", "country")]
    return linked.text, values[0] if values else ""


@pytest.mark.parametrize(
    ("question", "kind", "names"),
    [
        ("rows of paja", "", ()),  # the middle of no name
        ("how many rows does the wikip corpus hold", "dataset", ("Wikipedia",)),
        ("rows of davinci", "model", ("text-davinci-002", "text-davinci-003")),
        ("rows of davinc", "", ()),
        ("does the triv set hold names", "dataset", ("TriviaQA",)),
        ("does the weath set rain", "dataset", ()),
        ("rows of inve-x", "", ()),
    ],
)
def test_a_part_of_a_name_is_of_all_that_have_it(question: str, kind: str, names: tuple[str, ...], places: NameIndex) -> None:
    found = {mention.kind: mention.value.values for mention in link(question, places, NOW).mentions.values() if isinstance(mention.value, Text) and mention.known}
    assert found.get(kind, ()) == names


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("the daily weather of Kenya, what does it cost", "the dataset1, what does it cost", "Kenya daily weather"),
        ("under what licence do the Kenyan maize yields come", "under what licence do the dataset1 come", "Kenya maize yields"),
        ("yields of maize in kenya: owner", "dataset1: owner", "Kenya maize yields"),
        ("copies on machines outside KR", "copies on machines outside country1", "KR"),
        ("licence of the pajama tables", "licence of the dataset1 tables", "BluePajama|GreenPajama|RedPajama"),
        ("flows from DE to FR", "flows from country1 to country2", "DE"),
    ],
)
def test_all_words_of_a_name_and_codes_are_names(question: str, text: str, value: str, places: NameIndex) -> None:
    assert _read(link(question, places, NOW)) == (text, value)


@pytest.mark.parametrize(
    ("question", "plain", "named", "value"),
    [
        ("copies of the meter readings", "copies of the meter readings", "copies of the dataset1", "energy_meter_readings"),
        ("who owns field boundary labels", "who owns field boundary labels", "who owns dataset1", "Africa field boundary labels"),
        ("did Novosibirsk take part", "did novosibirsk take part", "did node1 take part", "novosibirsk-1"),
        ("the machine of Cape Town", "the machine of cape town", "the machine of node1", "cape-town-1"),
        ("machines in Vienna", "machines in vienna", "machines in node1", "vienna-1|vienna-2"),
        ("is Lyon online", "is lyon online", "is node1 online", "lyon-hospital"),
    ],
)
def test_parts_of_names_are_read_both_ways(question: str, plain: str, named: str, value: str, places: NameIndex) -> None:
    linked = link(question, places, NOW)
    assert linked.also is not None
    assert (_read(linked)[0], _read(linked.also)) == (plain, (named, value))


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("weather data in Kenya, refreshed daily", "term country"),  # other words between them
        ("maize, yields, Kenya", "country"),  # a list, no name
        ("what is in the ticket log", ""),  # two end so
        ("how big are orders", "dataset"),  # an everyday word with a number behind it is no place
        ("size of The Pile in GB", "dataset"),  # gigabytes
        ("COPIES OUTSIDE KR", ""),  # all in capitals, so that capitals say nothing
        ("does it matter to IT", ""),
        ("qa tables with a note", ""),  # words of their own, though names end in them
    ],
)
def test_what_is_less_is_left_alone(question: str, kinds: str, places: NameIndex) -> None:
    linked = link(question, places, NOW)
    readings = [linked, linked.also] if linked.also else [linked]
    assert {m.kind for reading in readings for m in reading.mentions.values()} == set(kinds.split())


@pytest.mark.parametrize("question", ["claims by oslo vault", "score of Oslo air quality"])
def test_a_part_of_a_name_that_stands_there_is_none(question: str, places: NameIndex) -> None:
    assert link(question, places, NOW).also is None


def test_a_second_reading_finds_names_before_topics(places: NameIndex) -> None:
    """What the first reading took is free again in the second."""
    linked = link("where do backups of meter readings live", places, NOW)
    assert linked.also is not None
    assert linked.also.text == "where do backups of dataset1 live"


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("who has the Kenya weather", "who has the dataset1", "Kenya daily weather|Kenya hourly weather"),
        ("the Uganda yields licence", "the dataset1 licence", "Uganda bean yields|Uganda coffee yields"),
        ("Kenya weather datasets", None, ""),  # several, by what they are about
        ("who has Kenya hourly weather", None, ""),  # said in full
        ("over a million songs", None, ""),
        ("the air quality", None, ""),
    ],
)
def test_words_that_few_names_share_are_read_both_ways(question: str, text: str | None, value: str, places: NameIndex) -> None:
    also = link(question, places, NOW).also
    assert (also and _read(also)) == ((text, value) if text else None)


def test_a_length_of_time_is_no_end_of_a_name(index: NameIndex) -> None:
    assert link("checks that failed in the last 7 days", index, NOW).also is None
    assert _read(link("the delivery 7 days table", index, NOW)) == ("dataset1", "delivery_7_days")


def test_what_bears_a_name_itself_is_not_what_shares_it(places: NameIndex) -> None:
    made = NameIndex.load(places.dump())
    made.add("dataset", "BookSum Kenya notes", "BookSum Kenya notes")
    assert link("the Kenya BookSum", made, NOW).also is None
    assert _read(link("the Kenya BookSum", made, NOW)) == ("the country1 dataset1", "KE")


def test_a_singular_may_be_the_table_of_that_plural_and_longer_ones(places: NameIndex) -> None:
    made = NameIndex.load(places.dump())
    for name in ("menus", "menu cards"):
        made.add("dataset", name, name)
    assert _read(link("the menu table", made, NOW)) == ("dataset1", "menus|menu_items")
    assert _read(link("the menus table", made, NOW)) == ("dataset1", "menus")
    assert _read(link("a menu for the table", made, NOW))[1] == ""


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("licence of qats", "Qats-Tiny|QatsSeen|TwoQats"),
        ("licence of QATS-TINY", "Qats-Tiny"),
        ("herding qats", ""),
    ],
)
def test_a_part_of_a_name_is_one_of_all_that_hold_it(question: str, value: str, index: NameIndex) -> None:
    made = NameIndex.load(index.dump())
    for name in ("Qats-Tiny", "TwoQats", "QatsSeen"):
        made.add("dataset", name, name)
    assert _read(link(question, made, NOW))[1] == value


@pytest.mark.parametrize(
    ("question", "kind", "names"),
    [
        ("harvests in Uganda", "dataset", ["Uganda bean yields", "Uganda coffee yields"]),
        ("which cape is it", "dataset", ["cape-town-1"]),  # of another kind
        ("which cape is it", "period", []),
        ("which dataset is it", "model", []),
        ("what about hourly ones and yields", "dataset", ["Kenya hourly weather", "Kenya maize yields", "Uganda bean yields", "Uganda coffee yields"]),
    ],
)
def test_names_alike(question: str, kind: str, names: list[str], places: NameIndex) -> None:
    assert names_alike(question, kind, places, 5) == names


@pytest.mark.parametrize(
    ("question", "name", "said"),
    [
        ("who owns the bean yields", "Uganda bean yields", "who owns the 'Uganda bean yields'"),
        ("size of bean_yields?", "Uganda bean yields", "size of 'Uganda bean yields'?"),
        ("who owns the bean", "Zoë's bean", 'who owns the "Zoë\'s bean"'),
        ("who owns 'Uganda bean yields'", "Uganda bean yields", None),
        ("who owns it", "Uganda bean yields", None),
        ("the price of it", "market price list", None),  # a word of the catalog, and what points elsewhere
        ("the price list", "market price list", "the 'market price list'"),
    ],
)
def test_a_chosen_name_is_said_in_full(question: str, name: str, said: str | None) -> None:
    assert said_in_full(question, name) == said


@pytest.mark.parametrize(
    ("question", "text", "runs"),
    [
        ("rounds of the swahili run", "rounds of run1", ["swahili-flower-2"]),
        ("the swahili federated training run", "the run1 federated training run", ["swahili-flower-2"]),
        ("energy of maize pysyft", "energy of run1", ["maize-pysyft-1"]),
        ("each lung scan run", "each run1 run", ["lung-scan-flower-1", "lung-scan-flower-4"]),
        ("all lung-scan runs", "all run1 runs", ["lung-scan-flower-1", "lung-scan-flower-4"]),
        ("swahili datasets that run", "language1 datasets that run", []),
        ("swahili training data", "language1 training data", []),
        ("a lung scan", "a lung scan", []),
        ("maize yields", "maize yields", []),
    ],
)
def test_runs_are_said_in_part(question: str, text: str, runs: list[str], places: NameIndex) -> None:
    linked = link(question, places, NOW)
    said = [mention.value for mention in linked.mentions.values() if mention.kind == "run"]
    assert (linked.text, [v for value in said for v in getattr(value, "values", ())]) == (text, runs)


def test_a_published_name_takes_no_question_from_its_words(index: NameIndex) -> None:
    made = NameIndex.load(index.dump())
    made.add("dataset", "personal data stored", "personal data stored")
    made.add("run", "personal-data-1", "personal-data-1")
    linked = link("which nodes have stored personal data", made, NOW)
    assert linked.text == "which nodes have stored personal data"
    assert linked.also is not None
