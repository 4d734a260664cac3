"""A number in words: what it means, of which parts it is made, how sure it is, and how to open it.

The ratio is computed again from the sums of its parts over all rows that a key names, by the metric's own expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.tables import Kind
from warehouse import ddl
from warehouse.dictionary import BASES
from warehouse.engine import Warehouse
from warehouse.marts import MARTS, Mart
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import COVERAGE, METRICS, Metric, bounds
from warehouse.shims import count, total
from warehouse.trace import conditions, find

#: Key columns of which two values are two views of the same leads: rows of both must never be added up.
_VIEWS = ("horizon_days", "dimension", "quality_state", "delay", "clock", "age_months", "compared_with", "promise",
          "agreement", "metric")
#: Metrics over a total of the whole company, which stands in every row.
_WHOLE = frozenset({"removal_rate", "company_won_rate"})
#: Counts that rest on what a lead's status means.
_STATES = frozenset({"qualified_count", "state_count", "reached_count", "hot_count", "potential_count",
                     "wrong_target_count", "closed_count", "unfit_count", "unjudged_count", "covered_lead_count"})
#: Metrics that a source may be too silent for, by their name in `metric_coverage`.
_NEEDS = {"roi_ratio": "roi", "waiting_rate": "speed_to_lead"}
#: Why a share of few is not said.
FEW = f"fewer than {SMALL} in the denominator: look at the counts"
_AND = "; "


@dataclass(frozen=True)
class Part:
    """A summed column: its value, and which date places it."""

    name: str
    value: Any
    basis: str


@dataclass(frozen=True)
class Explanation:
    """One number. `value` is None where it is not published; `silence` says why."""

    metric: str
    meaning: str
    formula: str
    null_rule: str
    unit: str
    mart: str
    row_count: int
    young_row_count: int
    parts: tuple[Part, ...]
    value: Any
    low: float | None
    high: float | None
    silence: str
    coverage_rate: float | None
    rules: tuple[Mapping[str, Any], ...]
    trace: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """What `silence` says, one by one."""
        return tuple(self.silence.split(_AND)) if self.silence else ()


def explain(wh: Warehouse, name: str, key: Mapping[str, str], mart_name: str = "") -> Explanation:
    """A metric over the rows of a mart that a (partial) key names; of cohorts only the mature ones.

    Raises ConfigError for a metric, mart or row that there is not, and for rows that cannot be added up.
    """
    metric = _metric(name)
    mart = _mart(metric, key, mart_name)
    there = ddl.table(mart.record, "mart")
    chosen = sa.select(there).where(*conditions(mart.record, there, key)).subquery("chosen")
    with wh.engine.connect() as conn:
        found, young = _counted(conn, mart, chosen)
        if not found:
            raise ConfigError(f"no published row of {mart.name} has {dict(key)}" + (" and is mature" if young else ""),
                              fix=f"name some of its key: {' '.join(mart.record.key)}")
        _one_view(conn, mart, chosen)
        if metric.name in _WHOLE and found > 1:
            raise ConfigError(f"{metric.name} is over a total that stands in each of {found} rows",
                              fix=f"name one row: {' '.join(mart.record.key)}")
        parts, value, low, high, coverage = _computed(conn, mart, metric, chosen)
        silence = _silence(conn, metric, parts, value)
        rules = _rules(conn, mart, metric, chosen)
    hidden = bool(silence)
    return Explanation(
        metric.name, metric.meaning, metric.formula, metric.null_rule, metric.unit, mart.name, found, young, parts,
        None if hidden else value, None if hidden else low, None if hidden else high, silence, coverage, rules,
        " ".join(("crosscheck trace", mart.name, *(f"{word}={text}" for word, text in key.items()))))


def _metric(name: str) -> Metric:
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise ConfigError(f"no metric {name!r}", fix="one of those in docs/metrics.md: "
                                                 f"{', '.join(metric.name for metric in METRICS)}")


def _mart(metric: Metric, key: Mapping[str, str], name: str) -> Mart:
    """The named mart, or the first one that publishes the metric and has the words of the key."""
    fit = [mart for mart in ([find(name)] if name else MARTS) if metric.name in mart.record.by_name
           and all(part in mart.record.by_name for part in _names(metric))]
    for mart in fit:
        if name or key.keys() <= mart.record.by_name.keys():
            return mart
    raise ConfigError(f"{metric.name} is not published by {', '.join(key) or name}",
                      fix=f"it stands in {', '.join(mart.name for mart in fit) or 'other marts'}: see docs/tables.md")


def _names(metric: Metric) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*metric.numerator, metric.denominator, *(metric.only_if or ()))))


def _mature(mart: Mart, chosen: sa.Subquery) -> sa.ColumnElement[bool]:
    return chosen.c.is_matured if "is_matured" in mart.record.by_name else sa.true()


def _counted(conn: sa.Connection, mart: Mart, chosen: sa.Subquery) -> tuple[int, int]:
    """How many rows are summed, and how many are left out as too young."""
    whole = conn.scalar(sa.select(sa.func.count()).select_from(chosen)) or 0
    mature = conn.scalar(sa.select(sa.func.count()).select_from(chosen).where(_mature(mart, chosen))) or 0
    return mature, whole - mature


def _one_view(conn: sa.Connection, mart: Mart, chosen: sa.Subquery) -> None:
    for name in _VIEWS:
        if name in mart.record.key:
            values = conn.scalars(sa.select(chosen.c[name]).where(_mature(mart, chosen)).distinct()).all()
            if len(values) > 1:
                raise ConfigError(f"rows of several {name} cannot be added up",
                                  fix=f"name one: {name}={' or '.join(str(value) for value in sorted(values))}")


def _computed(conn: sa.Connection, mart: Mart, metric: Metric,
              chosen: sa.Subquery) -> tuple[tuple[Part, ...], Any, float | None, float | None, float | None]:
    """The parts summed, the ratio of the sums, its bounds if it is a share of counts, and the coverage."""
    by_name, names = mart.record.by_name, _names(metric)
    covering = [name for name in (COVERAGE.numerator[0], COVERAGE.denominator) if name in by_name]
    sums = {name: (count if by_name[name].field.kind is Kind.COUNT else total)(chosen.c[name]).label(name)
            for name in dict.fromkeys((*names, *covering))}
    summed = sa.select(*sums.values()).where(_mature(mart, chosen)).subquery("summed")
    columns = dict(summed.c.items())
    shares = metric.unit == "share" and len(metric.numerator) == 1 and all(
        by_name[name].field.kind is Kind.COUNT for name in names)
    low, high = bounds(metric, columns) if shares else (sa.null(), sa.null())
    covered = COVERAGE.expression(columns) if len(covering) == 2 else sa.null()
    row = conn.execute(sa.select(summed, metric.expression(columns).label("value"), low.label("low"),
                                 high.label("high"), covered.label("covered"))).mappings().one()
    few = (row.get(COVERAGE.denominator) or 0) < SMALL
    parts = tuple(Part(name, row[name], BASES.get(by_name[name].basis, "")) for name in names)
    return parts, row["value"], row["low"], row["high"], None if few else row["covered"]


def _silence(conn: sa.Connection, metric: Metric, parts: Sequence[Part], value: Any) -> str:
    """Why the value is not said; empty where it is."""
    values = {part.name: part.value for part in parts}
    if metric.unit == "share" and metric.denominator.endswith("_count") and (values[metric.denominator] or 0) < SMALL:
        return FEW
    if value is not None:
        return ""
    coverage = ddl.table(find("metric_coverage").record, "mart")
    reasons = conn.scalars(sa.select(coverage.c.reason).where(
        coverage.c.metric == _NEEDS.get(metric.name, ""), ~coverage.c.is_published).distinct()).all()
    return _AND.join((metric.null_rule, *sorted(reasons)))


def _rules(conn: sa.Connection, mart: Mart, metric: Metric, chosen: sa.Subquery) -> tuple[Mapping[str, Any], ...]:
    """The rules behind the rows: those whose version they bear, else those that say what a lead's status means."""
    there = ddl.table(find("rule_version").record, "mart")
    if "rule_version" not in mart.record.by_name and not _STATES & set(_names(metric)):
        return ()
    query = sa.select(there.c.rule_file, there.c.rule_version, there.c.is_draft).order_by(there.c.rule_file)
    named = (there.c.rule_version.in_(sa.select(chosen.c.rule_version).distinct())
             if "rule_version" in mart.record.by_name else there.c.rule_file.startswith("lead_states/"))
    return tuple(dict(row) for row in conn.execute(query.where(named)).mappings())
