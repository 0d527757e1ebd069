"""A small index made by hand: names that are easy, hard, ambiguous and everyday words."""

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.places import EUROPE, LANGUAGES
from nl2sql.linking.spellings import spellings

NAMES = {
    "dataset": (
        *("Alpaca", "C4", "The Pile", "Common Crawl", "MIMIC-III", "MIMIC-IV", "SQuAD", "SQuAD 2.0", "Wikipedia", "GLUE", "ROOTS", "LAION-5B", "COCO"),
        *("orders", "customers", "inventory", "menu_items", "churn_report", "delivery_7_days", "public.events_raw", "Kenya daily weather", "Adult", "MATH", "TOP", "record"),
    ),
    "model": ("GPT-3", "GPT-3.5 Turbo", "GPT-4", "Llama 2", "swahili-speech", "churn-predictor", "OpenAI Codex"),
    "org": ("Google", "Meta", "OpenAI", "Hugging Face", "Together", "Stanford University", "Wikimedia Foundation", "Hôpital Saint-Irénée"),
    "node": ("berlin-1", "berlin-3", "lyon-hospital"),
    "person": ("Priya Nair", "Grace Okafor", "Grace Lim", "Marek Zieliński"),
    "licence": ("CC BY 4.0", "CC BY-SA 3.0", "CC BY-SA 4.0", "Apache-2.0", "MIT"),
    "language": ("French", "Swahili", "English", "Go"),
    "domain": ("finance", "energy", "news", "question answering"),
    "task": ("question answering", "image classification"),
    "format": ("Parquet", "CSV"),
    "framework": ("Flower", "PyTorch"),
    "policy": ("P-004", "Patient data stays in the EU"),
    "run": ("churn-flower-3",),
    "job": ("build_orders",),
    "network": ("open-science",),
    "region": ("us-east-1",),
    "group": ("newsletter readers",),
    "metric": ("population_stability",),
    "column": ("email_hash", "age", "id"),
}
COUNTRIES = {"DE": ("germany", "german"), "FR": ("france", "french"), "KE": ("kenya", "kenyan"), "US": ("united states", "us", "usa"), "PL": ("poland", "polish")}


@pytest.fixture(scope="session")
def index() -> NameIndex:
    made = NameIndex()
    for kind, values in NAMES.items():
        for value in values:
            for spelling, rank in spellings(kind, value):
                made.add(kind, spelling, value, rank)
    for code, names in COUNTRIES.items():
        for name in names:
            made.add("country", name, code)
    for language in LANGUAGES:
        made.add("language", language, language.capitalize())
    for europe in EUROPE:
        made.add("jurisdiction", europe, "EU")
    for alias, value in (("sceglue", "GLUE"), ("pile", "The Pile"), ("mix", "C4"), ("mix", "Alpaca")):
        made.add("dataset", alias, value, 1)
    made.columns_of = {"customers": ["email", "id"], "menu_items": ["price", "ID"]}
    made.text_words = frozenset(["taxi", "weather", "crawl", "population", "hospital", "sentinel"])
    return made
