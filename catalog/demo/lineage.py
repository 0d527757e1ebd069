"""Models of the demo and what flows into what: documented derivations of public data, and the jobs of the invented network."""

from collections.abc import Iterator
from datetime import datetime

from catalog.demo.facts import Facts, facts, published_datasets
from catalog.demo.world import World, seeded, strictest
from catalog.storage.records import LineageEdge, Model

MODEL_FACTS = ("task", "framework", "licence", "licence_class", "owner", "parameters", "released")


def models(world: World) -> Iterator[Model]:
    """Public models, each at an open-science node, and the invented ones where they are trained."""
    homes = world.storage_nodes("open-science")
    for name, spec in facts("models").items():
        yield _model(world, name, spec, seeded(f"model/{name}").choice(homes), "published")
    for spec in facts("flows")["model"]:
        yield _model(world, spec["name"], spec, spec["node"], "synthetic")


def _model(world: World, name: str, spec: Facts, node: str, origin: str) -> Model:
    return Model(
        node=node,
        name=name,
        sensitivity=spec.get("sensitivity", "public"),
        as_of=world.nodes[node].last_publish,
        origin=origin,
        trained_on=tuple(spec.get("trained_on", ())),
        **{key: spec[key] for key in MODEL_FACTS if key in spec},
    )


class Places:
    """What a name stands for: a dataset, a model or a report, and how sensitive it is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.models = {model.name: model for model in models(world)}
        self.reports = frozenset(facts("flows")["reports"])

    def kind(self, name: str) -> str:
        return "model" if name in self.models else "report" if name in self.reports else "dataset"

    def sensitivity(self, *names: str) -> str:
        known = {**self.models, **self.world.datasets}
        return strictest(["public", *(known[name].sensitivity for name in names if name in known)])

    def split(self, place: str) -> tuple[str, str | None]:
        """``customers.email`` → customers and email; a name alone has no column."""
        table, _, column = place.rpartition(".")
        return (table, column) if table in self.world.datasets else (place, None)


def edges(world: World) -> Iterator[LineageEdge]:
    """Every direct flow; sources that the catalog does not hold are edges all the same."""
    places = Places(world)
    for name, spec in published_datasets().items():
        node = world.datasets[name].node
        for source, transform in spec.get("from", {}).items():
            yield _edge(places, (source, name), node, transform, origin="published")
        if "generating_model" in spec:
            yield _edge(places, (spec["generating_model"], name), node, "generation", origin="published")
    for model in places.models.values():
        bases = facts("models").get(model.name, {}).get("base", ())
        for source in (*model.trained_on, *bases):
            yield _edge(places, (source, model.name), model.node, "training", origin=model.origin)
    for dataset in world.datasets.values():
        if dataset.origin == "synthetic" and dataset.generating_model:
            yield _edge(
                places, (dataset.generating_model, dataset.name), dataset.node, "generation", origin="synthetic"
            )
    for job in facts("flows")["job"]:
        yield from _job(places, job)


def _job(places: Places, job: Facts) -> Iterator[LineageEdge]:
    last_run = places.world.ago(hours=job["age_hours"])
    for source, target, *options in job["flows"]:
        upstream, downstream = places.split(source)[0], places.split(target)[0]
        holder = places.world.datasets.get(downstream) or places.world.datasets[upstream]
        yield _edge(
            places,
            (source, target),
            holder.node,
            job["transform_type"],
            origin="synthetic",
            job=job["name"],
            masking="masked" in options,
            last_run=last_run,
        )


def _edge(
    places: Places,
    ends: tuple[str, str],
    node: str,
    transform: str,
    *,
    origin: str,
    job: str | None = None,
    masking: bool | None = None,
    last_run: datetime | None = None,
) -> LineageEdge:
    (upstream, upstream_column), (downstream, downstream_column) = map(places.split, ends)
    return LineageEdge(
        node=node,
        sensitivity=places.sensitivity(upstream, downstream),
        as_of=places.world.nodes[node].last_publish,
        origin=origin,
        upstream=upstream,
        upstream_kind=places.kind(upstream),
        upstream_column=upstream_column,
        downstream=downstream,
        downstream_kind=places.kind(downstream),
        downstream_column=downstream_column,
        job=job,
        transform_type=transform,
        masking=masking,
        last_run=last_run,
    )
