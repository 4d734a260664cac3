"""Leaks: which cause is a lead's only one, at every border, and that counts and money are those of all leads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscheck.settings import Gates
from expectations.tieout import facts
from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import NIGHT, everything, noon, only, put, release, rows_of
from warehouse.build import BuildReport, context
from warehouse.engine import Warehouse
from warehouse.marts import leak_evidence, leak_waterfall
from warehouse.marts.leak_causes import CAUSES, first_cause

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("leak_waterfall",))

DAY, APRIL, MAY = date(2026, 4, 8), date(2026, 4, 1), date(2026, 5, 1)  # a Wednesday
BORN, DUE, END = noon(DAY), noon(DAY, 1), noon(DAY, 30 * 24)
SECOND, HOUR, DAYS = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Told:
    """One lead created at noon, with what is on record about it."""

    lead: dict[str, Any] = field(default_factory=dict)
    statuses: list[tuple[str, datetime]] = field(default_factory=list)
    calls: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    deals: list[dict[str, Any]] = field(default_factory=list)

    def says(self, status: str, at: datetime = DUE) -> Told:
        self.statuses.append((status, at))
        return self

    def called(self, *moments: datetime, **values: Any) -> Told:
        self.calls += [(at, values) for at in moments]
        return self

    def sold(self, at: datetime, **values: Any) -> Told:
        self.deals.append({"closed_day": at.date(), "closed_at": at, "deal_amount": 5, "created_day": DAY, **values})
        return self

    def lost(self, reason: str | None, at: datetime = DUE + 9 * DAYS, **values: Any) -> Told:
        return self.sold(at, is_won=False, is_lost=True, lost_reason=reason, **values)


def record(wh: Warehouse, told: dict[str, Told]) -> None:
    """All leads with their records."""
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "owner_id": "an", "is_phone_valid": True, **one.lead}
                      for name, one in told.items()))
    put(wh, "lead_status", *({"lead_id": name, "status": status, "entered_at": at}
                             for name, one in told.items() for status, at in one.statuses))
    put(wh, "activity", *({"lead_id": name, "activity_id": f"{name}{at}", "occurred_at": at, "direction": "outbound",
                           "outcome": "no_answer", "duration_seconds": 0, **values}
                          for name, one in told.items() for at, values in one.calls))
    put(wh, "deal", *({"deal_id": f"{name}{place}", "lead_id": name, **deal}
                      for name, one in told.items() for place, deal in enumerate(one.deals)))


def spoken() -> Told:
    """Reached within the hour that was promised."""
    return Told().called(DUE, outcome="answered", duration_seconds=60)


SIX = [DUE + number * DAYS for number in range(6)]
EXPECTED: dict[str, tuple[Told, str, datetime | None]] = {
    "repeat": (Told({"person_key": "p-won", "created_at": BORN + HOUR}).says("DEAD"), "duplicate", None),
    "won": (Told().says("DEAD").says("LOST").called(END).sold(END), "won", END),
    "won_a_second_late": (spoken().sold(END + SECOND, created_day=date(2026, 5, 20)), "reached_no_follow_up", DUE),
    "won_though_customer": (Told().sold(BORN - DAYS).sold(END - DAYS), "won", END - DAYS),
    "dead": (spoken().says("DEAD", END), "invalid_contact", END),
    "dead_a_second_late": (spoken().says("DEAD", END + SECOND), "reached_no_follow_up", DUE),
    "malformed": (Told({"is_phone_valid": None, "is_email_valid": False}), "invalid_contact", BORN),
    "malformed_but_reached": (Told({"is_phone_valid": False}).says("CONNECTED"), "reached_no_follow_up", DUE),
    "no_contact_on_record": (Told({"is_phone_valid": None}), "never_attempted", None),
    "wrong_number": (Told().called(DUE, outcome="wrong_number"), "invalid_contact", DUE),
    "wrong_number_but_reached": (spoken().called(DUE - HOUR, outcome="wrong_number"), "reached_no_follow_up", DUE),
    "customer": (Told().says("WRONG").sold(BORN - SECOND, created_day=date(2026, 3, 1)), "existing_customer",
                 BORN - SECOND),
    "nobodys": (Told({"owner_id": None}).says("NEW"), "never_assigned", None),
    "nobodys_but_called": (Told({"owner_id": None}).called(DUE), "given_up_early", DUE),
    "untouched": (Told().says("WRONG").says("LOST"), "never_attempted", None),
    "called_after_the_horizon": (Told().called(END + SECOND), "never_attempted", None),
    "called_by_a_machine": (Told().called(DUE, is_automatic=True), "never_attempted", None),
    "called_before_it_came": (Told().called(BORN - SECOND), "given_up_early", None),
    "late": (spoken().called(DUE + SECOND, outcome="busy"), "still_open", None),
    "late_by_a_second": (Told().called(DUE + SECOND, outcome="answered", duration_seconds=60).says("WRONG", END),
                         "attempted_late", DUE + SECOND),
    "told_in_time": (Told().says("TRIED", DUE).called(DUE + SECOND), "given_up_early", DUE + SECOND),
    "tried_by_status": (Told().says("TRIED", END), "given_up_early", None),
    "five_calls": (Told().called(*SIX[:4], DUE + 8 * DAYS), "given_up_early", DUE + 8 * DAYS),
    "six_calls_too_soon": (Told().called(*SIX[:5], SIX[5] - SECOND), "given_up_early", SIX[5] - SECOND),
    "fair": (Told().called(*SIX).says("WRONG"), "unreachable", SIX[5]),
    "wrong": (spoken().says("WRONG", END).says("LOST"), "wrong_target_unsupported", END),
    "idle": (spoken(), "reached_no_follow_up", DUE),
    "called_again": (spoken().called(DUE + SECOND), "still_open", None),
    "hot": (spoken().says("HOT", DUE + HOUR), "still_open", None),
    "later": (spoken().says("LATER", DUE + HOUR), "still_open", None),
    "offered": (spoken().sold(END, is_won=False), "still_open", None),
    "price": (spoken().lost("competitor").lost("Giá cao", DUE + 10 * DAYS), "lost_price", DUE + 10 * DAYS),
    "competitor": (spoken().lost("timing").lost("competitor", END), "lost_competitor", END),
    "other": (spoken().lost("timing").lost(None, DUE + DAYS), "lost_other", DUE + 9 * DAYS),
    "no_reason": (spoken().lost(None), "lost_no_reason", DUE + 9 * DAYS),
    "lost_by_status": (spoken().says("LOST", DUE + HOUR), "lost_no_reason", DUE + HOUR),
    "lost_too_late": (spoken().lost("price", END + SECOND), "still_open", None),
    "deleted": (spoken().lost("price", is_archived=True), "reached_no_follow_up", DUE),
}


def test_every_cause_and_its_border(mart_wh: Warehouse) -> None:
    """The first cause that holds, resting on its instant; just before, at and just after each border."""
    record(mart_wh, {name: told for name, (told, _, _) in EXPECTED.items()})
    hold(mart_wh, night(mart_wh))
    found = {row["lead_id"]: (row["leak_cause"], row["evidence_at"]) for row in rows_of(mart_wh, "leak_evidence")}
    assert found == {name: (cause, at) for name, (_, cause, at) in EXPECTED.items()}


def hold(wh: Warehouse, report: BuildReport) -> None:
    """Every check of both tables, and the sums that gate 3 asks for."""
    built = {mart.table.name: mart for mart in report.marts}
    with wh.engine.connect() as conn:
        for mart in (leak_evidence, leak_waterfall):
            for check in mart.CHECKS:
                broken = f"SELECT COUNT(*) FROM mart_next.{mart.RECORD.name} WHERE ({check.predicate}) IS NOT TRUE"
                assert conn.scalar(sa.text(broken)) == 0, check.name
        tied = [fact for fact in facts([built["leak_waterfall"]], Gates()) if fact.name == "the causes add up"]
        assert [conn.execute(fact.subjects).all() for fact in tied] == [[]]


def test_owner_rule_and_version(mart_wh: Warehouse) -> None:
    """Every cause has an owner; the version is that of the rule file that decided."""
    record(mart_wh, {"late": Told().called(DUE + SECOND), "wrong": spoken().says("WRONG"), "won": Told().sold(END)})
    rules = context(mart_wh.settings, NIGHT).rules
    night(mart_wh)
    rows = {row["lead_id"]: row for row in rows_of(mart_wh, "leak_evidence")}
    shown = ("leak_owner", "evidence", "rule_file", "attempt_count")
    assert [rows["late"][name] for name in shown] == ["sales", "first_touch_at", "sla", 1]
    assert [rows["wrong"][name] for name in shown] == ["both", "wrong_target_at", "lead_states", 1]
    assert [rows["won"][name] for name in shown] == ["nobody", "won_at", None, 0]
    lead = rows_of(mart_wh, "lead_fact")[0]
    assert rows["late"]["rule_version"] == rules.sla.head.version
    assert rows["wrong"]["rule_version"] == lead["rule_version"]
    assert rows["won"]["rule_version"] is None


def test_where_nothing_is_written_down_nobody_is_accused(mart_wh: Warehouse) -> None:
    """A source and month without any status or call says nothing of sales; one without owners nothing of routing."""
    record(mart_wh, {"silent": Told({"source": "file", "owner_id": None}),
                     "won": Told({"source": "file", "owner_id": None})})
    put(mart_wh, "deal", {"source": "file", "deal_id": "d", "lead_id": "won", "closed_day": DAY, "deal_amount": 1})
    night(mart_wh)
    causes = {row["lead_id"]: row["leak_cause"] for row in rows_of(mart_wh, "leak_evidence")}
    assert causes == {"silent": "nothing_recorded", "won": "won"}
    put(mart_wh, "lead_status", {"source": "file", "lead_id": "won", "status": "NEW", "entered_at": DUE})
    night(mart_wh)
    assert only(rows_of(mart_wh, "leak_evidence"), lead_id="silent")["leak_cause"] == "never_attempted"


def test_an_effort_that_nobody_writes_down_accuses_nobody(mart_wh: Warehouse) -> None:
    """Tried by its status alone: with no touch of any lead of the source and month, how often cannot be known."""
    record(mart_wh, {"tried": Told().says("TRIED"), "heard": Told().says("CONNECTED")})
    night(mart_wh)
    causes = {row["lead_id"]: row["leak_cause"] for row in rows_of(mart_wh, "leak_evidence")}
    assert causes == {"tried": "effort_not_recorded", "heard": "reached_no_follow_up"}
    put(mart_wh, "activity", {"lead_id": "heard", "activity_id": "a", "occurred_at": DUE, "direction": "outbound"})
    night(mart_wh)
    assert only(rows_of(mart_wh, "leak_evidence"), lead_id="tried")["leak_cause"] == "given_up_early"


def test_a_person_is_judged_by_all_records(mart_wh: Warehouse) -> None:
    """Calls with a repeat and with what was merged into it are the first lead's; built by parts as built whole."""
    record(mart_wh, {"first": Told({"person_key": "p"}), "again": Told({"person_key": "p", "created_at": BORN + HOUR})})
    release(mart_wh, night(mart_wh))
    put(mart_wh, "lead", {"lead_id": "gone", "created_day": DAY})
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "again"})
    put(mart_wh, "activity", *({"lead_id": name, "activity_id": name, "occurred_at": at, "direction": "outbound"}
                               for name, at in (("again", DUE), ("gone", DUE + HOUR))))
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    parts = everything(mart_wh)
    assert only(parts["leak_evidence"], lead_id="first")["attempt_count"] == 2
    night(mart_wh, full=True)
    assert parts == everything(mart_wh, "mart_next")


def test_a_month_appears_when_its_last_day_is_old_enough(mart_wh: Warehouse) -> None:
    """May is judged on the first of July, without anything else having changed, and not a day before."""
    record(mart_wh, {"may": Told({"created_day": MAY}), "april": Told()})
    release(mart_wh, night(mart_wh))
    release(mart_wh, night(mart_wh, datetime.combine(date(2026, 6, 29), NIGHT.timetz())))
    assert [row["lead_id"] for row in rows_of(mart_wh, "leak_evidence", "mart")] == ["april"]
    report = night(mart_wh, datetime.combine(date(2026, 6, 30), NIGHT.timetz()))
    assert not report.full
    release(mart_wh, report)
    assert {row["cohort_month"] for row in rows_of(mart_wh, "leak_waterfall", "mart")} == {APRIL, MAY}


def test_money_is_count_times_average(mart_wh: Warehouse) -> None:
    """The average is the company's and cut down to a millionth; a repeat is worth 0, an unknown margin is left out."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    record(mart_wh, {
        "a": Told({"utm_campaign": "c1"}).sold(END, deal_amount=100, gross_margin_amount=30),
        "b": Told().sold(END, deal_amount=50, gross_margin_amount=20).sold(END, deal_amount=7),
        "c": Told().sold(END, deal_amount=1, gross_margin_amount=1), "idle": spoken(), "open": spoken().says("HOT"),
        "repeat": Told({"person_key": "p-idle", "created_at": BORN + HOUR})})
    night(mart_wh)
    rows = rows_of(mart_wh, "leak_waterfall")
    assert {(row["won_lead_count"], row["average_revenue_amount"], row["margin_known_lead_count"],
             row["average_margin_amount"]) for row in rows} == {(3, Decimal("52.666666"), 2, Decimal("15.5"))}
    money = {(row["campaign_id"], row["leak_cause"]): (row["lead_count"], row["leak_revenue_amount"],
                                                       row["leak_margin_amount"]) for row in rows}
    assert money == {
        ("c1", "won"): (1, Decimal("52.666666"), Decimal("15.5")),
        ("(unmatched)", "won"): (2, Decimal("105.333332"), 31), ("(unmatched)", "duplicate"): (1, 0, 0),
        ("(unmatched)", "reached_no_follow_up"): (1, Decimal("52.666666"), Decimal("15.5")),
        ("(unmatched)", "still_open"): (1, Decimal("52.666666"), Decimal("15.5"))}


def test_a_month_without_a_win_has_no_money(mart_wh: Warehouse) -> None:
    """Unknown is not zero: nobody bought, so nobody knows what a lead is worth."""
    record(mart_wh, {"idle": spoken(), "repeat": Told({"person_key": "p-idle", "created_at": BORN + HOUR})})
    night(mart_wh)
    for row in rows_of(mart_wh, "leak_waterfall"):
        assert (row["won_lead_count"], row["leak_revenue_amount"], row["leak_margin_amount"]) == (0, None, None)


def test_all_leads_and_all_money_are_there(mart_wh: Warehouse) -> None:
    """Over a random company every lead of a mature month has one cause, and a month's money is that of its leads."""
    Company(12, leads=80).fill(mart_wh)
    hold(mart_wh, night(mart_wh))
    leads = [row for row in rows_of(mart_wh, "lead_fact") if row["cohort_month"] < MAY]
    rows, months = rows_of(mart_wh, "leak_waterfall"), defaultdict(list)
    assert len(rows_of(mart_wh, "leak_evidence")) == len(leads) == sum(row["lead_count"] for row in rows) > 0
    for row in rows:
        months[row["cohort_month"]].append(row)
    for month, group in months.items():
        people = sum(lead["is_unique"] for lead in leads if lead["cohort_month"] == month)
        assert sum(row["lead_count"] for row in group if row["leak_cause"] != "duplicate") == people
        for kind in ("revenue", "margin"):
            average = group[0][f"average_{kind}_amount"]
            assert sum(row[f"leak_{kind}_amount"] or 0 for row in group) == people * (average or 0)


MOMENTS = ("won_at", "invalid_at", "bought_at", "attempted_at", "first_touch_at", "last_touch_at", "reached_at",
           "due_at", "wrong_target_at", "hot_at", "potential_at", "lost_at", "begun_at", "price_at", "competitor_at",
           "reason_at")
FLAGS = ("is_unique", "is_test", "has_records", "has_owners", "has_touches")
ROW = st.fixed_dictionaries({
    **{name: st.none() | st.integers(0, 9).map(lambda days: BORN + days * DAYS) for name in MOMENTS},
    **dict.fromkeys(FLAGS, st.booleans()), "owner_id": st.sampled_from((None, "an")),
    "portrait_verdict": st.sampled_from(("fits", "fails", "incomplete")), "attempt_count": st.integers(0, 8)})


def causes_of(row: dict[str, Any]) -> list[str]:
    """Every cause that holds of a lead, in the order of the mission, said once more in other words."""
    at = {name: row[name] for name in MOMENTS}
    tried = [at[name] for name in ("attempted_at", "first_touch_at", "reached_at") if at[name]]
    is_fair = bool(row["attempt_count"] >= 6 and at["first_touch_at"] and at["last_touch_at"]
                   and at["last_touch_at"] - at["first_touch_at"] >= 5 * DAYS)
    is_late = bool(at["first_touch_at"] and at["due_at"] and min(tried) > at["due_at"])
    moved = any(at[name] for name in ("hot_at", "potential_at", "lost_at", "begun_at"))
    moved = moved or bool(at["reached_at"] and at["last_touch_at"] and at["last_touch_at"] > at["reached_at"])
    return [name for name, holds in {
        "test_lead": row["is_test"], "duplicate": not row["is_unique"], "won": at["won_at"],
        "invalid_contact": at["invalid_at"],
        "existing_customer": at["bought_at"], "nothing_recorded": not row["has_records"],
        "never_assigned": not tried and row["owner_id"] is None and row["has_owners"], "never_attempted": not tried,
        "effort_not_recorded": not at["reached_at"] and not row["has_touches"],
        "attempted_late": is_late, "given_up_early": not at["reached_at"] and not is_fair,
        "unreachable": not at["reached_at"],
        "wrong_target": at["wrong_target_at"] and row["portrait_verdict"] == "fails",
        "wrong_target_unsupported": at["wrong_target_at"],
        "reached_no_follow_up": not moved, "lost_price": at["lost_at"] and at["price_at"],
        "lost_competitor": at["lost_at"] and at["competitor_at"], "lost_other": at["lost_at"] and at["reason_at"],
        "lost_no_reason": at["lost_at"], "still_open": True}.items() if holds]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=20, max_size=40))
def test_the_first_match_wins(wh: Warehouse, rows: list[dict[str, Any]]) -> None:
    """Whatever is on record of a lead: its cause is the first of those that hold, and there is always one."""
    kinds = {**dict.fromkeys(MOMENTS, sa.DateTime()), **dict.fromkeys(FLAGS, sa.Boolean()), "owner_id": sa.Text(),
             "portrait_verdict": sa.Text(), "attempt_count": sa.BigInteger()}
    appeals = sa.cast(sa.null(), sa.Text()).label("appeals")
    selects = [sa.select(sa.cast(sa.literal(place), sa.BigInteger()).label("place"), appeals,
                         *(sa.cast(sa.literal(row[name], kind), kind).label(name) for name, kind in kinds.items()))
               for place, row in enumerate(rows)]
    every = sa.union_all(*selects).subquery("every")
    query = sa.select(first_cause(context(wh.settings, NIGHT), every)).order_by(every.c.place)
    with wh.engine.connect() as conn:
        assert list(conn.scalars(query)) == [causes_of(row)[0] for row in rows]


def test_every_cause_is_told_once() -> None:
    """The causes are the words of the vocabulary, in its order."""
    from crosscheck.fields.leaks import LEAK_CAUSES

    assert tuple(cause.name for cause in CAUSES) == LEAK_CAUSES
