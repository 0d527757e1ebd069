"""Numbers as people say them, and figures that count nothing."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.sql import compile_query
from nl2sql.values import Number

NOW = datetime(2026, 10, 16, 12)


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        # thousands, scales and units of other people
        ("tables with 1'000'000 or 1.000.000 rows", ["1e+06", "1e+06"]),
        ("tables with more than 10.000 rows", ["10000"]),
        ("agreement of 0.950, epsilon 2.125", ["0.95", "2.125"]),
        ("offers of 1.234,56 EUR", ["1234.56"]),
        ("1.5 mil rows, 5 mio rows, 3 mrd rows, 2 millions rows", ["1.5e+06", "5e+06", "3e+09"]),
        ("trained on 15T tokens", ["1.5e+13"]),
        ("data on 5G", []),
        ("over 2 PB or 25 mbytes or 10 GBs", ["2e+15 bytes", "2.5e+07 bytes", "1e+10 bytes"]),
        ("over one TB", ["1e+12 bytes"]),
        ("bigger than a gigabyte", ["1e+09 bytes"]),
        ("half a petabyte", ["5e+14 bytes"]),
        ("over half a million rows", ["500000"]),
        ("one and a half terabytes", ["1.5e+12 bytes"]),
        ("slower than half an hour", ["30 minutes"]),
        ("over a quarter of an hour", ["15 minutes"]),
        ("longer than three quarters of an hour", ["45 minutes"]),
        ("took more than an hour and a half", ["1.5 hours"]),
        ("over a million and a half rows", ["1.5e+06"]),
        ("at least two million and a half rows", ["2.5e+06"]),
        ("more than a quarter of the checks", ["25 percent"]),
        ("a quarter of a million people", ["250000"]),
        ("more than hundred rows", ["100"]),
        ("hundreds of rows, this one", []),
        ("10kWh, 500eur, EUR500", ["10", "500", "500"]),
        ("top10 datasets", ["10"]),
        ("top-5 nodes", ["5"]),
        ("five (5) copies", ["5"]),
        ("z-score below -3", ["-3"]),
        ("5-star offers", ["5"]),
        # lengths of time
        ("rounds above ten minutes", ["10 minutes"]),
        ("latency > 90s or over 2 hrs", ["90 seconds", "2 hours"]),
        ("resolved within 4 hours, after 3 days", ["4 hours", "3 days"]),
        ("consents honoured within three weeks, latency over 2 wks", ["3 weeks", "2 weeks"]),
        ("alerts that took more than a day, or lasted over an hour", ["1 days", "1 hours"]),
        ("rounds that dragged on for more than 10 minutes", ["10 minutes"]),
        ("a review took a day, more than an hour of it", []),
        ("off by over 5 percentage points", ["5 percent"]),
        ("the 5 points of it", ["5"]),
        ("top 5 stewards, 3 dependants", ["5", "3"]),
        # ranges share their unit
        ("between 5 and 10 GB", ["5e+09 bytes", "1e+10 bytes"]),
        ("5-10 GB", ["5e+09 bytes", "1e+10 bytes"]),
        ("between ten and twenty percent", ["10 percent", "20 percent"]),
        ("between a hundred and two hundred", ["100", "200"]),
        ("10k-50k rows", ["10000", "50000"]),
        # fractions and rates
        ("below two thirds", ["66.7 percent"]),
        ("at least 2/3 of the votes", ["66.7 percent"]),
        ("over a third of the checks", ["33.3 percent"]),
        ("a third party, the last quarter of it", []),
        ("nine out of ten checks pass", ["90 percent"]),
        ("fewer than one in ten copies", ["10 percent"]),
        ("more than one in Berlin", []),
        ("rated 4 out of 5", ["4"]),
        # figures that count nothing
        ("article 9 or ISO 8601 or TLS 1.2 on port 8080", []),
        ("version 2.1.3 at 10.0.0.12", []),
        ("articles 13 and 14", []),
        ("article 6(1)(f)", []),
        ("level 3 and 5 GB", ["5e+09 bytes"]),
        ("up 24/7", []),
        ("call +44 20 7946 0958 or 0171-2345678", []),
        ("at three in the morning", []),
        ("these two datasets", []),
        ("owners of the two finance tables", []),
        ("the 3 French speech datasets", []),
        ("owners of the two finance tables with the most rows", ["2"]),
        ("the two largest finance tables", ["2"]),
        ("the three most used models", ["3"]),
        ("two finance tables", ["2"]),
        ("3D scans", []),
        ("number of datasets over 5", ["5"]),
        ("round 5", ["5"]),
    ],
)
def test_numbers(question: str, numbers: list[str], index: NameIndex) -> None:
    found = link(question, index, NOW).bindings.values()
    assert [f"{v.value:g} {v.unit}".strip() for v in found if isinstance(v, Number)] == numbers


@pytest.mark.parametrize(
    ("question", "plan", "compared"),
    [
        ("rounds above ten minutes", "training_rounds WHERE training_rounds.latency_s GT @number1", "latency_s > 600"),
        ("rounds above 90", "training_rounds WHERE training_rounds.latency_s GT @number1", "latency_s > 90"),
        ("two days old by the freshness check", "quality_metrics WHERE quality_metrics.value GT @number1", "value > 48"),
        ("rounds that took over two weeks", "training_rounds WHERE training_rounds.latency_s GT @number1", "latency_s > 1209600"),
        ("two weeks old by the freshness check", "quality_metrics WHERE quality_metrics.value GT @number1", "value > 336"),
        ("top 3 weeks", "training_rounds WHERE training_rounds.round GT @number1", "round > 3"),
        ("rounds after 3 days", "training_rounds WHERE training_rounds.round GT @number1", "round > 3"),
    ],
)
def test_lengths_of_time_are_compared_in_the_columns_unit(question: str, plan: str, compared: str, index: NameIndex) -> None:
    query = parse(f"FROM {plan} SELECT COUNT")
    assert isinstance(query, Query)
    assert compile_query(query, link(question, index, NOW).bindings, NOW).rpartition(".")[2] == compared


def test_a_fraction_keeps_its_words_in_quotes(index: NameIndex) -> None:
    assert "half of it" in link('what does "more than half of it" mean', index, NOW).text
