"""A number in the reader's words: what `warehouse.explain` found, as lines of a language."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from report.numbers import Numbers
from report.phrases import Phrase, _
from report.phrases import lines as said
from warehouse.explain import FEW, Explanation, Part
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import METRICS, Metric
from warehouse.trace import find

_METRICS = {metric.name: metric for metric in METRICS}


def lines(found: Explanation, shown: Numbers) -> list[str]:
    """What the number means, of which parts it is made, how sure it is, and by which rules."""
    first, *others = said(_told(found, shown), shown.language)
    return [first, *(f"  {line}" for line in others)]


def _told(found: Explanation, shown: Numbers) -> Iterator[Phrase]:
    record = find(found.mart).record
    yield Phrase("%(name)s: %(meaning)s", {"name": found.metric, "meaning": Phrase(found.meaning)})
    yield Phrase("= %(formula)s; %(null)s", {"formula": found.formula, "null": _null(_METRICS[found.metric])})
    yield Phrase("%(name)s: %(grain)s", {"name": found.mart, "grain": Phrase(record.grain)})
    yield _summed(found, shown)
    for part in found.parts:
        yield _part(part, Phrase(record.by_name[part.name].field.meaning), shown)
    yield from _value(found, shown)
    if found.coverage_rate is not None:
        yield _("sales recorded something about %(share)s of these leads", share=shown.percent(found.coverage_rate, 1))
    for rule in found.rules:
        words = {"file": rule["rule_file"], "version": rule["rule_version"]}
        yield (_("rule %(file)s %(version)s, a draft: both heads have not signed it", **words) if rule["is_draft"]
               else _("rule %(file)s %(version)s, signed by both heads", **words))


def _null(metric: Metric) -> Phrase:
    """`Metric.null_rule`, as a phrase."""
    if metric.only_if is None:
        return _("null when %(below)s is null or 0", below=metric.denominator)
    one, other = metric.only_if
    return _("null when %(below)s is null or 0, or %(one)s differs from %(other)s", below=metric.denominator, one=one,
             other=other)


def _summed(found: Explanation, shown: Numbers) -> Phrase:
    rows, young = shown.count(found.row_count), shown.count(found.young_row_count)
    if not found.young_row_count:
        return _("rows summed: %(rows)s", rows=rows)
    return _("rows summed: %(rows)s; left out, because their leads are too young: %(young)s", rows=rows, young=young)


def _part(part: Part, meaning: Phrase, shown: Numbers) -> Phrase:
    words = {"name": part.name, "value": _plain(part.value, shown), "meaning": meaning}
    if not part.basis:
        return Phrase("%(name)s = %(value)s: %(meaning)s", words)
    return _("%(name)s = %(value)s, by %(basis)s: %(meaning)s", basis=Phrase(part.basis), **words)


def _plain(value: Any, shown: Numbers) -> object:
    if value is None:
        return _("not known")
    return shown.decimal(value) if isinstance(value, Decimal) and value % 1 else shown.count(value)


def _value(found: Explanation, shown: Numbers) -> Iterator[Phrase]:
    """The value and its interval, or each reason for saying none."""
    known = {FEW: _("fewer than %(least)s in the denominator: look at the counts", least=SMALL),
             found.null_rule: _null(_METRICS[found.metric])}
    for reason in found.reasons:
        yield _("not published: %(reason)s", reason=known.get(reason, Phrase(reason)))
    if found.reasons:
        return
    value = shown.percent(found.value, 1) if found.unit == "share" else shown.decimal(found.value)
    if found.low is None:
        yield Phrase("%(name)s = %(value)s", {"name": found.metric, "value": value})
    else:
        yield _("%(name)s = %(value)s (95 %% interval %(low)s to %(high)s)", name=found.metric, value=value,
                low=shown.percent(found.low, 1), high=shown.percent(found.high, 1))
