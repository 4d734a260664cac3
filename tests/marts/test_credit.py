"""What must hold of every division, whatever the ways look like: properties, on both engines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import numpy as np
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscheck.fields.credit import ATTRIBUTION_MODELS
from tests.marts.world import noon
from warehouse.engine import Warehouse
from warehouse.marts.chain import Chain, removal_effects
from warehouse.marts.credit import PARTS, divided, share
from warehouse.marts.paths import marked
from warehouse.shims import MONEY

CLOSED = noon(date(2026, 6, 10))
KINDS = {"touch_no": sa.BigInteger(), "path_touch_count": sa.BigInteger(), "deal_reporting_amount": MONEY,
         "removal_effect": MONEY, "touch_at": sa.DateTime(), "created_at": sa.DateTime(), "closed_at": sa.DateTime(),
         "is_paid": sa.Boolean(), "is_direct": sa.Boolean()}
PLAYERS = ("c1", "c2", "c3", "(unmatched)")


@dataclass(frozen=True)
class Step:
    """One touch: its campaign, how many hours before the closing, whether its lead carries the deal."""

    campaign: str
    hours: int
    carries: bool


AMOUNTS = st.decimals(Decimal("-9999999999999.999999"), Decimal("9999999999999.999999"), places=6)
STEPS = st.lists(st.builds(Step, st.sampled_from(PLAYERS), st.integers(0, 2160), st.booleans()), max_size=6)
DEALS = st.lists(st.tuples(AMOUNTS, STEPS, st.integers(0, 2160)), min_size=1, max_size=6)
EFFECTS = st.fixed_dictionaries({name: st.one_of(st.none(), st.decimals(0, 1, places=6)) for name in PLAYERS})


def rows(cases: Sequence[tuple[Decimal, list[Step], int]], effects: dict[str, Decimal | None]) -> Any:
    """Deals and their touches as the way is built from them."""
    for number, (amount, steps, opened) in enumerate(cases):
        shared = {"source": "crm", "deal_id": f"d{number}", "lead_id": "carrier", "deal_reporting_amount": amount,
                  "created_at": CLOSED - timedelta(hours=opened), "closed_at": CLOSED, "platform": "p",
                  "account_id": "", "touch_source": "crm", "path_touch_count": len(steps)}
        ordered = sorted(steps, key=lambda step: -step.hours)
        for place, step in enumerate(ordered, 1):
            yield shared | {
                "touch_no": place, "campaign_id": step.campaign, "touch_at": CLOSED - timedelta(hours=step.hours),
                "touch_lead_id": "carrier" if step.carries else "other", "removal_effect": effects[step.campaign],
                "is_paid": step.campaign != "(unmatched)", "is_direct": step.campaign == "(unmatched)"}
        if not steps:
            yield {**dict.fromkeys(KINDS), "campaign_id": None, "touch_lead_id": None, **shared}


def credited(wh: Warehouse, cases: Sequence[tuple[Decimal, list[Step], int]],
             effects: dict[str, Decimal | None]) -> list[Any]:
    """The engine's own division of every deal by every model."""
    given_rows = [sa.select(*(sa.cast(sa.literal(value), KINDS.get(name, sa.Text())).label(name)
                              for name, value in sorted(row.items()))) for row in rows(cases, effects)]
    way = marked(sa.union_all(*given_rows).subquery("placed")).subquery("way")
    row = divided(way)
    one = sa.cast(sa.literal_column("1"), MONEY)
    query = sa.select(row.c.deal_id, row.c.attribution_model.label("model"), row.c.campaign_id, row.c.whole,
                      share(one, row).label("weight"), share(row.c.deal_reporting_amount, row).label("amount"))
    with wh.engine.connect() as conn:
        return list(conn.execute(query))


def test_every_model_is_a_word() -> None:
    """The rules that divide are those that the vocabulary allows."""
    assert tuple(PARTS) == ATTRIBUTION_MODELS


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=DEALS, effects=EFFECTS)
def test_every_deal_is_divided_whole(wh: Warehouse, cases: list[tuple[Decimal, list[Step], int]],
                                     effects: dict[str, Decimal | None]) -> None:
    """Weights add up to 1 and money to the amount, exactly; a lone touch takes all; only paid models credit nobody."""
    weight: defaultdict[Any, Decimal] = defaultdict(Decimal)
    amount: defaultdict[Any, Decimal] = defaultdict(Decimal)
    found = credited(wh, cases, effects)
    for row in found:
        weight[row.deal_id, row.model] += row.weight
        amount[row.deal_id, row.model] += row.amount
        assert 0 <= row.weight <= 1
    whole = {(f"d{number}", model): case[0] for number, case in enumerate(cases) for model in PARTS}
    assert weight == dict.fromkeys(whole, 1)
    assert amount == whole
    for number, (_, steps, _) in enumerate(cases):
        mine = [row for row in found if row.deal_id == f"d{number}"]
        unpaid = all(step.campaign == "(unmatched)" for step in steps)
        nobody = {row.model for row in mine if row.whole == 0}
        assert nobody == (set(PARTS) if not steps else {"first_paid", "last_paid"} if unpaid else set())
        if len(steps) == 1:
            assert {row.weight for row in mine} == {1}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=DEALS)
def test_an_equal_part_for_each_is_the_shapley_value(wh: Warehouse,
                                                     cases: list[tuple[Decimal, list[Step], int]]) -> None:
    """Against the definition over all coalitions of all campaigns: efficient, symmetric, and nothing for the absent."""
    found: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for row in credited(wh, cases, dict.fromkeys(PLAYERS)):
        if row.model == "shapley" and row.whole:
            found[row.campaign_id] += row.amount
    ways = [(Fraction(amount), {step.campaign for step in steps}) for amount, steps, _ in cases if steps]
    for player in PLAYERS:
        exact = shapley(ways, player)
        assert abs(Fraction(found[player]) - exact) <= Fraction(len(ways), 1_000_000)
    assert sum(found.values()) == sum(amount for amount, _ in ways)


def shapley(ways: Sequence[tuple[Fraction, set[str]]], player: str) -> Fraction:
    """What a player adds to a coalition, on average over all orders in which the others may have come before."""
    def worth(members: set[str]) -> Fraction:
        return sum((amount for amount, needed in ways if needed <= members), Fraction(0))

    others, value = [one for one in PLAYERS if one != player], Fraction(0)
    for size in range(len(PLAYERS)):
        orders = Fraction(factorial(size) * factorial(len(PLAYERS) - size - 1), factorial(len(PLAYERS)))
        value += sum((orders * (worth({*some, player}) - worth(set(some))) for some in combinations(others, size)),
                     Fraction(0))
    return value


WAYS = st.lists(st.tuples(st.lists(st.sampled_from(PLAYERS), min_size=1, max_size=5), st.booleans()), min_size=1,
                max_size=25)


def moves(ways: Sequence[tuple[list[str], bool]]) -> Counter[tuple[Any, Any]]:
    """How often a way went on from one campaign (none: it began) to another (none: to a win)."""
    found: Counter[tuple[Any, Any]] = Counter()
    for campaigns, is_won in ways:
        stations = [None, *(("p", "", name) for name in campaigns), *([None] if is_won else [])]
        found.update(pairwise(stations))
    return found


@settings(max_examples=60, deadline=None)
@given(ways=WAYS)
def test_an_effect_is_what_is_lost_without_the_campaign(ways: list[tuple[list[str], bool]]) -> None:
    """The one inverse agrees with taking each campaign out and solving the chain again."""
    players = sorted({("p", "", name) for campaigns, _ in ways for name in campaigns})
    chain = Chain(players)
    for (before, after), count in moves(ways).items():
        chain.add(before, after, count)
    assert (chain.paths, chain.won_paths) == (len(ways), sum(is_won for _, is_won in ways))
    assert [chain.touches(player) for player in players] == [
        sum(campaigns.count(player[2]) for campaigns, _ in ways) for player in players]
    chance = chain.moves / chain.moves.sum(axis=1, keepdims=True)
    full = _wins(chance, chain.size, None)
    for place, effect in enumerate(chain.effects()):
        assert 0 <= effect <= 1 + 1e-12
        assert np.isclose(effect, 1 - _wins(chance, chain.size, place) / full if full else 0, atol=1e-12)


def _wins(chance: np.ndarray[Any, Any], size: int, without: int | None) -> float:
    """The chance to win from the start, when one campaign leads to nothing."""
    chance = chance.copy()
    if without is not None:
        chance[without] = 0
    found = np.linalg.solve(np.eye(size) - chance[:size, :size], chance[:size, size])
    return float(chance[size, :size] @ found)


@settings(max_examples=20, deadline=None)
@given(wins=st.lists(st.sampled_from(PLAYERS), min_size=20, max_size=40), more=st.lists(st.sampled_from(PLAYERS)))
def test_without_second_touches_an_effect_is_a_share_of_wins(wins: list[str], more: list[str]) -> None:
    """Where every way has one touch, no campaign helps another: the effects are the shares of the wins."""
    ways = [([name], True) for name in wins] + [([name], False) for name in more]
    told = [(date(2026, 6, 1), *(before or (None,) * 3), *(after or (None,) * 3), count, True)
            for (before, after), count in moves(ways).items()]
    found = removal_effects(told).to_pylist()
    assert {row["campaign_id"] for row in found} == {*wins, *more}
    for row in found:
        share_of_wins = Fraction(wins.count(row["campaign_id"]), len(wins))
        assert abs(Fraction(row["removal_effect"]) - share_of_wins) < Fraction(51, 10**8)
    assert abs(sum(row["removal_effect"] for row in found) - 1) <= Decimal("0.000002")


def test_a_month_does_not_know_the_next() -> None:
    """Later ways leave the effects of earlier months as they were, and a way counts as lost until it is won."""
    june, july, a = date(2026, 6, 1), date(2026, 7, 1), ("p", "", "a")
    first = [(june, None, None, None, *a, 30, True), (june, *a, None, None, None, 20, True)]
    later = [(july, *a, None, None, None, 10, True)]
    alone, both = removal_effects(first).to_pylist(), removal_effects(first + later).to_pylist()
    assert both[0] == alone[0]
    assert [(row["close_month"], row["path_count"], row["won_path_count"]) for row in both] == [
        (june, 30, 20), (july, 30, 30)]
    kept = [(*move[:-1], False) for move in first]
    assert removal_effects(kept + later).to_pylist() == both[1:], "a month that is not wanted counts, and is not told"
    assert removal_effects([]).num_rows == 0
