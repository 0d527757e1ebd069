"""What is derived from the semantic layer: DDL of the views, schema text for a model's prompt, and ``docs/views.md``.

``python -m catalog.describe`` prints the docs page.
"""

from collections.abc import Iterable, Mapping

from catalog.semantic import Column, View, edges, views

INTRODUCTION = """\
# The views

People and models see these views and nothing else; storage stays behind them. Every row carries the node that published it, its jurisdiction,
its sensitivity, when it was published or measured (`as_of`, UTC) and its origin (`published`, `measured` or `synthetic`).
What of them a person sees is a matter of policy. This page is made from the declarations: `make docs`.
"""


def ddl(view: View, columns: Iterable[str] | None = None) -> str:
    """CREATE TABLE for the snapshot of a view, cut to some of its columns."""
    chosen = [view.columns[name] for name in (columns or view.columns)]
    body = ",\n".join(f'  "{column.name}" {column.type}' for column in chosen)
    return f'CREATE TABLE "{view.name}" (\n{body}\n);'


def prompt_schema(scope: Mapping[str, Iterable[str]]) -> str:
    """Schema text for a model: only the views and columns of ``scope``, with what each means."""
    blocks = []
    for name in sorted(scope):
        view = views()[name]
        lines = [f"-- {view.meaning}", f"{view.name}("]
        lines += [f"  {c} {view.columns[c].type}, -- {_about(view.columns[c])}" for c in view.columns if c in set(scope[name])]
        lines.append(")")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def views_page() -> str:
    """The docs page of all views, Markdown."""
    parts = [INTRODUCTION]
    parts += [f"- [`{view.name}`](#{view.name}): {view.meaning}" for view in views().values()]
    parts += [_section(view) for view in views().values()]
    parts.append("\n## How views join\n\n" + ", ".join(f"`{edge}`" for edge in edges()) + "\n")
    return "\n".join(parts)


def _section(view: View) -> str:
    lines = [f"\n## {view.name}\n", view.meaning, "", f"Also called: {', '.join(view.synonyms)}. Key: {', '.join(f'`{k}`' for k in view.key)}.", ""]
    lines += ["| column | type | unit | meaning | values |", "|---|---|---|---|---|"]
    for column in view.columns.values():
        values = ", ".join(f"`{v}`" for v in column.values)
        lines.append(f"| `{column.name}` | {column.type} | {column.unit} | {column.meaning} | {values} |")
    for title, formulas in (("Segment", view.segments), ("Measure", view.measures)):
        if formulas:
            lines += ["", f"| {title.lower()} | meaning | SQL |", "|---|---|---|"]
            lines += [f"| `{f.name}` | {f.meaning} | `{f.sql}` |" for f in formulas.values()]
    return "\n".join(lines)


def _about(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    values = f"; one of {', '.join(column.values)}" if column.values else ""
    return f"{column.meaning}{unit}{values}"


if __name__ == "__main__":
    print(views_page(), end="")
