"""The tables of docs/operations.md: ``python -m tests.observe.tables`` writes them anew from the code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from jarvis_memory.telemetry_names import ATTRIBUTES, METRICS, SPANS
from jarvis_retrievers.log_events import EVENTS
from jarvis_retrievers.log_fields import FIELDS
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "operations.md"


def _table(*rows: Iterable[str]) -> str:
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * (head.count(" | ") + 1) + "|", *rest])


def events() -> str:
    """Every event."""
    rows = ((f"`{name}`", logging.getLevelName(one.level).lower(), one.says) for name, one in EVENTS.items())
    return _table(("event", "level", "what has happened"), *rows)


def fields() -> str:
    """Every field."""
    rows = ((f"`{name}`", one.kind, one.means) for name, one in FIELDS.items())
    return _table(("field", "holds", "says"), *rows)


def spans() -> str:
    """Every span."""
    return _table(("span", "lasts for"), *((f"`{name}`", what) for name, what in SPANS.items()))


def attributes() -> str:
    """Every attribute."""
    return _table(("attribute", "says"), *((f"`{name}`", what) for name, what in ATTRIBUTES.items()))


def metrics() -> str:
    """Every instrument."""
    rows = (
        (f"`{name}`", one.kind, f"`{one.unit}`", one.means, ", ".join(f"`{a}`" for a in one.attributes))
        for name, one in METRICS.items()
    )
    return _table(("metric", "kind", "unit", "says", "by"), *rows)


TABLES: dict[str, Callable[[], str]] = {
    "events": events,
    "fields": fields,
    "spans": spans,
    "attributes": attributes,
    "metrics": metrics,
}


def parts(text: str, name: str) -> tuple[str, str, str]:
    """What stands before a table, where it belongs, and behind it."""
    before, begin, rest = text.partition(f"<!-- {name} -->\n")
    there, end, after = rest.partition("<!-- end -->")
    return before + begin, there, end + after


def written(name: str) -> str:
    """A table as it stands there."""
    return f"\n{TABLES[name]()}\n\n"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    for name in TABLES:
        before, _, after = parts(text, name)
        text = before + written(name) + after
    PAGE.write_text(text, encoding="utf-8")
