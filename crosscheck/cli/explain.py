"""`explain`: a number in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crosscheck.cli.look import begun, pairs
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import following, print_json, raw
from crosscheck.settings import load

if TYPE_CHECKING:
    from warehouse.explain import Explanation


def explain(metric: str, *key: str, mart: str = "", config: Config = None, as_json: Json = False) -> int:
    """Say a published number in words: its definition, its parts, its date basis, its rules, how sure it is.

    Example: `crosscheck explain closed_rate campaign_id=6001`

    Parameters
    ----------
    metric: its name, as in docs/metrics.md.
    key: as much of the rows' key as you know, each as column=value; rows are summed before anything is divided.
    mart: which of the tables that publish it; default the first one with all words of the key.
    """
    from warehouse import open_warehouse
    from warehouse.explain import explain as said

    with open_warehouse(load(config), lock=False) as wh, begun():
        found = said(wh, metric, pairs(key), mart)
    if as_json:
        print_json(found)
        return 0
    for line in _lines(found):
        raw(line)
    following(found.trace)
    return 0


def _lines(found: Explanation) -> Iterator[str]:
    yield f"{found.metric}: {found.meaning}"
    yield f"  = {found.formula}; {found.null_rule}"
    left = f"; {found.young_row_count} left out, their leads are too young" if found.young_row_count else ""
    yield f"  {found.mart}, {found.row_count} rows summed{left}"
    for part in found.parts:
        yield f"  {part.name} = {_plain(part.value)}" + (f", by {part.basis}" if part.basis else "")
    if found.silence:
        yield f"  not published: {found.silence}"
    else:
        yield f"  {found.metric} = {_value(found.value, found.unit)}" + _interval(found)
    if found.coverage_rate is not None:
        yield f"  sales recorded something about {found.coverage_rate:.1%} of these leads"
    for rule in found.rules:
        state = "a draft: both heads have not signed it" if rule["is_draft"] else "signed by both heads"
        yield f"  rule {rule['rule_file']} {rule['rule_version']}, {state}"


def _plain(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value:,.2f}" if isinstance(value, Decimal) and value % 1 else f"{value:,.0f}"


def _value(value: Any, unit: str) -> str:
    return f"{value:.1%}" if unit == "share" else f"{value:,.2f}"


def _interval(found: Explanation) -> str:
    return "" if found.low is None else f" (95 % interval {found.low:.1%} to {found.high:.1%})"
