"""Short and loose names of persons, organisations, licences, policies, groups and columns: what is taken for one and what stays words."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.spellings import spellings
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)
MORE = {
    "person": ("Dr. Katrin Vogel", "Dr. Amelia Stone", "Sanne de Vries", "Rohan Grant"),
    "org": ("New York University", "US Geological Survey", "University of Oxford", "Cornell University", "Massachusetts Institute of Technology"),
    "dataset": ("RedPajama", "lab_results", "visit_days", "Labeled Faces in the Wild"),
    "task": ("natural language inference", "medical image classification"),
    "licence": ("CC0 1.0", "CC BY-NC-SA 4.0"),
    "model": ("wav2vec 2.0",),
    "run": ("maize-flower-1",),
    "format": ("TFRecord",),
    "group": ("ward 4 patients",),
    "domain": ("healthcare", "commerce", "transport", "reviews"),
    "role": ("engineer", "clinician", "steward", "compliance", "anonymous"),
}


@pytest.fixture(scope="module")
def wide(index: NameIndex) -> NameIndex:
    """The common index with names that have short forms."""
    made = NameIndex.load(index.dump())
    for kind, values in MORE.items():
        for value in values:
            for spelling, rank in spellings(kind, value):
                made.add(kind, spelling, value, rank)
    made.columns_of = {**made.columns_of, "lab_results": ["taken_value", "created_at"]}
    return made


def _read(question: str, index: NameIndex) -> tuple[str, list[str]]:
    linked = link(question, index, NOW)
    return linked.text, [mention.value.values[0] for mention in linked.mentions.values() if isinstance(mention.value, Text)]


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("what did Dr. Vogel assess", "what did person1 assess", "Dr. Katrin Vogel"),
        ("dr katrin vogel's grants", "person1's grants", "Dr. Katrin Vogel"),
        ("grants of Vogel", "grants of person1", "Dr. Katrin Vogel"),
        ("K. Vogel exports", "person1 exports", "Dr. Katrin Vogel"),
        ("what does de Vries steward", "what does person1 steward", "Sanne de Vries"),
        ("Mr Grant's exports", "person1's exports", "Rohan Grant"),
        ("Grace's exports", "person1's exports", "Grace Okafor"),
        ("datasets by NYU", "datasets by org1", "New York University"),
        ("does USGS publish it", "does org1 publish it", "US Geological Survey"),
        ("geological survey data", "org1 data", "US Geological Survey"),
        ("Oxford university datasets", "org1 datasets", "University of Oxford"),
        ("Cornell's datasets", "org1's datasets", "Cornell University"),
        ("data from MIT", "data from org1", "Massachusetts Institute of Technology"),
        ("MIT data", "licence1 data", "MIT"),
        ("is it under MIT", "is it under licence1", "MIT"),
        ("LFW licence", "dataset1 licence", "Labeled Faces in the Wild"),
        ("NLI sets", "task1 sets", "natural language inference"),
        ("red pajama lineage", "dataset1 lineage", "RedPajama"),
        ("tf records", "format1", "TFRecord"),
        ("CSVs of Kenya", "format1 of country1", "CSV"),
        ("creative commons zero images", "licence1 images", "CC0 1.0"),
        ("cc 0 images", "licence1 images", "CC0 1.0"),
        ("creative commons attribution images", "licence1 images", "CC BY 4.0"),
        ("the target of P4", "the target of policy1", "P-004"),
        ("what does policy 4 say", "what does policy policy1 say", "P-004"),
        ("wav2vec training data", "model1 training data", "wav2vec 2.0"),
        ("the maize flower run", "run1", "maize-flower-1"),
        ("licence of the weights of Llama", "licence of the weights of model1", "Llama 2"),
        ("GPT-generated and Llama annotated text", "model1-generated and model2 annotated text", "GPT-3"),
        ("the lab result table", "dataset1", "lab_results"),
        ("the customer table", "dataset1", "customers"),
        ("consents of ward 4 patients", "consents of group1", "ward 4 patients"),
        ("health care datasets", "domain1 datasets", "healthcare"),
        ("nodes in the U.K.", "nodes in country1.", "GB"),
        ("nodes in the States", "nodes in country1", "US"),
    ],
)
def test_short_names_are_names(question: str, text: str, value: str, wide: NameIndex) -> None:
    made = NameIndex.load(wide.dump())
    for code, spelling in (("GB", "the u.k."), ("US", "the states")):
        made.add("country", spelling, code)
    read, values = _read(question, made)
    assert (read, values[0]) == (text, value)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("what did Rosetta Stone do", "what did rosetta stone do"),
        ("the policy 90 days", "the policy number1 days"),
        ("does policy 7 apply", "does policy number1 apply"),
        ("mic recordings", "mic recordings"),  # initials that read as a word are none
        ("a lab result for each table", "a lab result for each table"),
        ("the National Vogel museum", "the national vogel museum"),
        ("meta data of tables", "meta data of tables"),
    ],
)
def test_what_may_be_another_thing_stays_words(question: str, text: str, wide: NameIndex) -> None:
    assert link(question, wide, NOW).text == text
    assert not [m for m in link(question, wide, NOW).mentions.values() if m.known and m.kind not in ("period", "number", "term")]


@pytest.fixture(scope="module")
def wider(wide: NameIndex) -> NameIndex:
    """Identifiers of several words, one alias that is an organisation too, and names that begin with another's article."""
    made = NameIndex.load(wide.dump())
    for kind, value in (
        *(("run", name) for name in ("rain-flower-1", "rain-pysyft-2", "chest-xray-flower-4")),
        *(("dataset", name) for name in ("Forge", "The Stack", "Stack Exchange", "Dolly", "Dolma", "SA-9B", "old_crm")),
        *(("policy", "default"), ("group", "preview readers club"), ("model", "fraud-detector"), ("org", "Forge"), ("person", "Mateo Silva"), ("person", "Wanjiru Kamau")),
    ):
        made.add(kind, value, value)
    made.columns_of = {**made.columns_of, "old_crm": ["email"]}
    return made


def _bound(question: str, index: NameIndex, also: bool = False) -> dict[str, str]:
    """What the slots stand for; of the second reading with ``also``."""
    linked = link(question, index, NOW)
    read = linked.also if also else linked
    return {slot[1:]: "|".join(m.value.values) for slot, m in read.mentions.items() if isinstance(m.value, Text)} if read else {}


@pytest.mark.parametrize(
    ("question", "bound"),
    [
        ("requests by clinicians", {"role1": "clinician"}),
        ("was an engineer refused", {"role1": "engineer"}),
        ("denials in the role of steward", {}),
        ("denials of role steward", {"role1": "steward"}),
        ("logins with the compliance role", {"role1": "compliance"}),
        ("compliance of C4", {"dataset1": "C4"}),
        ("is C4 anonymous", {"dataset1": "C4"}),
        ("who is the steward of C4", {"dataset1": "C4"}),
        ("how many stewards are there", {}),
        ("what may stewards read that clinicians may not", {"role1": "steward", "role2": "clinician"}),
        ("exports of engineers against stewards", {"role1": "engineer", "role2": "steward"}),
        ("engineers who are stewards of C4", {"role1": "engineer", "dataset1": "C4"}),
        ("consents of ward 4", {"group1": "ward 4 patients"}),
        ("consents of newsletter", {}),
        # what decides where no rule does
        ("denials by default", {"policy1": "default"}),
        ("does the default rule hold", {"policy1": "default"}),
        ("the default retention", {}),
        # the apostrophe left out
        ("grace okafors grants", {"person1": "Grace Okafor"}),
        ("googles models", {"org1": "Google"}),
        ("stanford universitys data", {"org1": "Stanford University"}),
        ("what google publishes", {"org1": "Google"}),
        ("metas", {}),
        # runs and models by a part of their name
        ("what did the rain runs cost", {"run1": "rain-flower-1|rain-pysyft-2"}),
        ("length of the pysyft rain run", {"run1": "rain-pysyft-2"}),
        ("how long was the Flower chest x-ray run", {"run1": "chest-xray-flower-4"}),
        ("which version has the fraud model", {"model1": "fraud-detector"}),
        ("does it rain", {}),
        ("where is the rain training data", {}),
        ("every rain run", {}),
        # where only a table can stand, and a table's column
        ("fields of orders", {"dataset1": "orders"}),
        ("number of columns of customers", {"dataset1": "customers"}),
        ("number of customers", {}),
        ("what is fed by customers, directly or not", {"dataset1": "customers"}),
        ("if I delete customers, what breaks", {"dataset1": "customers"}),
        ("delete customers who left", {}),
        ("is old_crm's email column masked", {"dataset1": "old_crm", "column1": "email"}),
        ("old_crm's email", {"dataset1": "old_crm"}),
        # listed before a name, though at the start of the sentence
        ("Meta or Google: which has more data", {"org1": "Meta", "org2": "Google"}),
        ("Dolly and Dolma: size", {"dataset1": "Dolly", "dataset2": "Dolma"}),
        ("orders and Kenya", {"country1": "KE"}),
        # several kinds, articles, codes
        ("which sets does Forge publish", {"org1": "Forge"}),
        ("is Forge stale", {"dataset1": "Forge"}),
        ("the Stack Exchange licence", {"dataset1": "Stack Exchange"}),
        ("the Stack licence", {"dataset1": "The Stack"}),
        ("fields in SA-9B", {"dataset1": "SA-9B"}),
        # persons beside slips, and the surname first
        ("queries by Grace Lim weer denied", {"person1": "Grace Lim"}),
        ("grants of kamau wanjiru", {"person1": "Wanjiru Kamau"}),
        ("show rohan grants", {}),
    ],
)
def test_roles_runs_and_lists(question: str, bound: dict[str, str], wider: NameIndex) -> None:
    assert {slot: value for slot, value in _bound(question, wider).items() if not slot.startswith("term")} == bound


@pytest.mark.parametrize(
    ("question", "bound"),
    [
        ("anything new in energy?", {"domain1": "energy"}),
        ("which sets come from the field of transport", {"domain1": "transport"}),
        ("commerce stewards", {"domain1": "commerce"}),
        ("rules that turned down stewards", {}),
        ("may a steward read it", {"role1": "steward"}),
        ("is there a steward", {}),
        ("did preview readers leave", {"group1": "preview readers club"}),
        ("did preview models leave", {}),
        ("what was refused to stewards", {"role1": "steward"}),
        ("the auditor and the engineer ask for it", {"role1": "engineer"}),
        ("unresolved alerts mateo", {"person1": "Mateo Silva"}),
        ("mateo alerts", {}),
        # what is measured or told is no topic, and who stewards something no role
        ("which run used most energy", {}),
        ("energy of a run", {}),
        ("the reviews say so", {}),
        ("nobody stewards it", {}),
        ("which stewards look after tables", {}),
    ],
)
def test_topics_and_roles_that_are_other_words_too_are_read_both_ways(question: str, bound: dict[str, str], wider: NameIndex) -> None:
    assert _bound(question, wider, also=True) == bound
    assert _bound(question, wider) == {}


def test_columns_of_a_named_dataset_in_several_words(wide: NameIndex) -> None:
    assert _read("what does taken value mean in lab results", wide)[0] == "what does column1 mean in dataset1"
    assert _read("were the rows of lab_results created at berlin-1", wide)[0] == "were the rows of dataset1 created at node1"


def test_short_names_are_not_saved(wide: NameIndex) -> None:
    """They follow from the names, which alone decide who may see what."""
    assert "vogel" in wide.shortened
    assert "vogel" not in wide.names
