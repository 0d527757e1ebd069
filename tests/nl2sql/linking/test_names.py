"""Short and loose names of persons, organisations, licences, policies, groups and columns: what is taken for one and what stays words."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex, spellings
from nl2sql.linking.link import link
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
    "domain": ("healthcare",),
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
        ("the maize flower run", "the run1 run", "maize-flower-1"),
        ("the lab result table", "the dataset1 table", "lab_results"),
        ("the customer table", "the dataset1 table", "customers"),
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
        ("grants of Priya Sharma", "grants of priya sharma"),  # another Priya
        ("exports by Deepak Nair", "exports by deepak nair"),
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


def test_columns_of_a_named_dataset_in_several_words(wide: NameIndex) -> None:
    assert _read("what does taken value mean in lab results", wide)[0] == "what does column1 mean in dataset1"
    assert _read("were the rows of lab_results created at berlin-1", wide)[0] == "were the rows of dataset1 created at node1"


def test_short_names_are_not_saved(wide: NameIndex) -> None:
    """They follow from the names, which alone decide who may see what."""
    assert "vogel" in wide.shortened
    assert "vogel" not in wide.names
