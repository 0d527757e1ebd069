"""Personal data: followed along flows between columns, stopped by masking, told once for each kind."""

from typing import Any

import pytest

from catalog.graph.personal import personal_flows
from catalog.graph.walk import Graph


def tag(place: str, category: str | None = "email") -> dict[str, Any]:
    dataset, _, column = place.partition(".")
    return {"dataset": dataset, "column_name": column, "pii_category": category}


@pytest.mark.parametrize(
    ("flows", "tags", "expected"),
    [
        pytest.param(["a.e > b.f", "b.f > c.g"], ["a.e"], ["untagged b.f", "untagged c.g"], id="chain"),
        pytest.param(["a.e > b.f", "b.f > c.g"], ["a.e", "b.f"], ["untagged c.g"], id="tagged-middle"),
        pytest.param(["a.e >> b.f", "b.f > c.g"], ["a.e"], ["masked b.f"], id="masking-stops"),
        pytest.param(["a.e > b.f", "b.f >> c.g", "c.g > d.h"], ["a.e"], ["untagged b.f", "masked c.g"], id="masked-later"),
        pytest.param(["a.e >> b.f", "a.e > c.g", "c.g > b.f"], ["a.e"], ["untagged b.f", "untagged c.g"], id="around-the-mask"),
        pytest.param(["a.e >> b.f", "a.e > b.f"], ["a.e"], ["untagged b.f"], id="one-of-two-flows-masks"),
        pytest.param(["a.e > b.f", "b.f > a.e", "b.f > b.f"], ["a.e"], ["untagged b.f"], id="cycle"),
        pytest.param(["a > b", "a.x > b.y"], ["a.e"], [], id="whole-flows-carry-nothing"),
        pytest.param(["a.e > report"], ["a.e"], ["untagged report"], id="report"),
        pytest.param(["a.e > b.f"], [], [], id="nothing-tagged"),
    ],
)
def test_where_it_goes(snapshot: Any, flows: list[str], tags: list[str], expected: list[str]) -> None:
    connection = snapshot(flows, columns=[*map(tag, tags), tag("b.other", None)])
    assert [f"{row.outcome} {row.place}" for row in personal_flows(Graph(connection))] == expected


def test_each_kind_has_its_nearest_origin_and_path(snapshot: Any) -> None:
    flows = ["far.e > near.e", "near.e > b.f", "b.f > c.g", "p.phone > c.g"]
    connection = snapshot(flows, columns=[tag("far.e"), tag("near.e"), tag("p.phone", "phone")])
    found = {(str(row.place), row.category): row for row in personal_flows(Graph(connection))}
    assert set(found) == {("b.f", "email"), ("c.g", "email"), ("c.g", "phone")}
    assert (str(found["c.g", "email"].origin), found["c.g", "email"].path) == ("near.e", ("near.e", "b.f", "c.g"))
    assert found["c.g", "phone"].path == ("p.phone", "c.g")


def test_a_long_chain(connection: Any, snapshot: Any) -> None:
    snapshot([], columns=[tag("n0.x")])
    connection.execute(
        "INSERT INTO lineage BY NAME SELECT 'n' || i AS upstream, 'n' || (i + 1) AS downstream, 'x' AS upstream_column, 'x' AS downstream_column, 1 AS depth "
        "FROM range(5000) r(i)"
    )
    found = personal_flows(Graph(connection))
    assert (len(found), {str(row.origin) for row in found}) == (5000, {"n0.x"})
