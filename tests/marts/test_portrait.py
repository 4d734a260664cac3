"""Right and wrong targets: what answers say, whose verdict they bear out, who asked, and whether the people changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from scipy.stats import binomtest

from crosscheck.rules import Portrait, PortraitField, PortraitRule, Rules, default_rules
from tests.marts.company import Company
from tests.marts.world import night, noon, only, put, release, rows_of, take
from warehouse.engine import Warehouse
from warehouse.marts import MARTS

DAY, APRIL, MAY = date(2026, 4, 8), date(2026, 4, 1), date(2026, 5, 1)
MARTS_HERE = ("lead_fact", "target_verdicts", "portrait_completeness", "portrait_drift")


def drawn(fields: Mapping[str, Mapping[str, str]], *rules: PortraitRule) -> Rules:
    """The shipped rules with a portrait of these fields and where they are kept."""
    head = default_rules().portrait.head
    asked = tuple(PortraitField(name, f"{name}?", kept) for name, kept in fields.items())
    return replace(default_rules(), portrait=Portrait(head, asked, rules))


def hard(field: str, test: str, values: Any) -> PortraitRule:
    """A rule that excludes."""
    return PortraitRule(field, test, values, is_hard=True)


RULES = drawn({"use": {"crm": "p_use", "web": "use"}, "sum": {"crm": "p_sum"}, "who": {}},
              hard("use", "none_of", ("job", "offer")), hard("sum", "at_least", Decimal(10)),
              PortraitRule("use", "any_of", ("home",), is_hard=False))


def lead(wh: Warehouse, name: str, *says: str, source: str = "crm", **answers: str | None) -> None:
    """A lead of DAY with statuses, and with its answers by property."""
    put(wh, "lead", {"lead_id": name, "source": source, "created_day": DAY, "owner_id": "an", "utm_campaign": "c1"})
    put(wh, "lead_status", *({"lead_id": name, "source": source, "status": status, "entered_at": noon(DAY, 2 + place)}
                             for place, status in enumerate(says)))
    told(wh, name, source, **answers)


def told(wh: Warehouse, name: str, source: str = "crm", **answers: str | None) -> None:
    """Answers of a lead."""
    put(wh, "portrait_answer", *replies(name, source, answers))


def replies(name: str, source: str, answers: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Rows of a lead's answers."""
    return [{"lead_id": name, "source": source, "portrait_property": word, "answer": text,
             "answer_number": Decimal(text) if text and text.isdigit() else None} for word, text in answers.items()]


def all_told(wh: Warehouse, of: Mapping[str, Mapping[str, str]]) -> None:
    """Answers of many leads."""
    put(wh, "portrait_answer", *(row for name, answers in of.items() for row in replies(name, "crm", answers)))


def hold(wh: Warehouse, rules: Rules = RULES) -> None:
    """A night, after which every check of the four tables holds."""
    night(wh, of=MARTS_HERE, rules=rules)
    with wh.engine.connect() as conn:
        for mart in (each for each in MARTS if each.name in MARTS_HERE):
            for check in mart.checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name


def verdict(wh: Warehouse, name: str = "l") -> tuple[Any, ...]:
    """What the rules say of a lead, by which rule, after how many answers of how many."""
    row = only(rows_of(wh, "lead_fact"), lead_id=name)
    return row["portrait_verdict"], row["failed_rule"], row["answer_count"], row["asked_count"]


USE, SUM = "use none of job, offer", "sum at least 10"


SAID: tuple[tuple[dict[str, str | None], tuple[Any, ...]], ...] = (
    ({"p_use": "home", "p_sum": "10"}, ("fits", None, 2, 2)),
    ({"p_use": "home", "p_sum": "9"}, ("fails", SUM, 2, 2)),
    ({"p_use": "job", "p_sum": "10"}, ("fails", USE, 2, 2)),
    ({"p_use": "offer", "p_sum": "9"}, ("fails", USE, 2, 2)),
    ({"p_use": "JOB", "p_sum": "11"}, ("fits", None, 2, 2)),
    ({"p_use": "job"}, ("incomplete", USE, 1, 2)),
    ({"p_use": "home", "p_sum": None}, ("incomplete", None, 1, 2)),
    ({"p_use": "home", "p_sum": "some"}, ("incomplete", None, 2, 2)),
    ({"p_use": "home", "other": "10"}, ("incomplete", None, 1, 2)),
    ({}, ("incomplete", None, 0, 2)))


def test_what_answers_say(mart_wh: Warehouse) -> None:
    """Complete answers decide, at the border too; a missing one, or words for a number, leave the lead undecided."""
    for number, (answers, _) in enumerate(SAID):
        lead(mart_wh, f"l{number}", **answers)
    hold(mart_wh)
    assert [verdict(mart_wh, f"l{number}") for number in range(len(SAID))] == [expected for _, expected in SAID]


def test_a_source_that_does_not_ask(mart_wh: Warehouse) -> None:
    """Without a place for what a hard rule asks nothing is decided; a place for something else is still owed."""
    lead(mart_wh, "w", source="web", use="home")
    lead(mart_wh, "x", source="other", use="home")
    lead(mart_wh, "l")
    hold(mart_wh)
    assert verdict(mart_wh, "w") == ("not_collected", None, 1, 1)
    assert verdict(mart_wh, "x") == ("not_collected", None, 0, 0)
    hold(mart_wh, default_rules())
    assert verdict(mart_wh) == ("not_collected", None, 0, 0)
    hold(mart_wh, drawn({"use": {"crm": "p_use"}}))
    assert verdict(mart_wh)[0] == "not_collected"


def test_the_person_answers_once(mart_wh: Warehouse) -> None:
    """The first record's own answer goes before a repeat's and before one merged away; what others ask is no matter."""
    for name, day in (("l", DAY), ("again", MAY), ("web", MAY)):
        put(mart_wh, "lead", {"lead_id": name, "person_key": "p", "created_day": day,
                              "source": "web" if name == "web" else "crm"})
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "again"})
    told(mart_wh, "again", p_use="job")
    told(mart_wh, "gone", p_sum="12", p_use="home")
    told(mart_wh, "web", "web", use="offer")
    hold(mart_wh)
    assert verdict(mart_wh) == ("fails", USE, 2, 2)
    assert verdict(mart_wh, "again") == (None, None, None, None)
    told(mart_wh, "l", p_use="home")
    hold(mart_wh)
    assert verdict(mart_wh) == ("fits", None, 2, 2)


FITS, FAILS = {"p_use": "home", "p_sum": "10"}, {"p_use": "job", "p_sum": "10"}


JUDGED: tuple[tuple[tuple[str, ...], dict[str, str], tuple[Any, ...] | None], ...] = (
    (("WRONG",), FAILS, ("wrong", "wrong_target_at", 2, "supported")),
    (("WRONG",), FITS, ("wrong", "wrong_target_at", 2, "contradicted")),
    (("WRONG",), {}, ("wrong", "wrong_target_at", 2, "unsupported")),
    (("LATER", "HOT"), FITS, ("right", "potential_at", 2, "supported")),
    (("HOT",), FAILS, ("right", "hot_at", 2, "contradicted")),
    (("HOT", "WRONG"), FAILS, ("wrong", "wrong_target_at", 3, "supported")),
    (("CONNECTED", "LOST", "DEAD"), FAILS, None))


def test_whose_verdict_the_answers_bear_out(mart_wh: Warehouse) -> None:
    """A wrong target stays one; hot, potential and won are right; to be spoken to, lost or dead says neither."""
    for number, (says, answers, _) in enumerate(JUDGED):
        lead(mart_wh, f"l{number}", *says, **answers)
    hold(mart_wh)
    rows = rows_of(mart_wh, "target_verdicts")
    assert [(row["sales_verdict"], row["evidence"], row["evidence_at"], row["support"]) for row in rows] == [
        (*expected[:2], noon(DAY, expected[2]), expected[3]) for _, _, expected in JUDGED if expected is not None]
    assert {row["rule_version"] for row in rows} == {RULES.portrait.head.version}


def test_a_sale_says_right(mart_wh: Warehouse) -> None:
    """Who bought was a right target, and the sale is the sign."""
    lead(mart_wh, "l", **FITS)
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "l", "closed_day": MAY, "deal_amount": 5})
    hold(mart_wh)
    (row,) = rows_of(mart_wh, "target_verdicts")
    assert (row["evidence"], row["evidence_at"], row["support"]) == ("first_won_at", noon(MAY), "supported")


def test_the_leak_is_the_same_wrong_target(mart_wh: Warehouse) -> None:
    """What the leak tables call a supported wrong target is what the verdict's own table does."""
    lead(mart_wh, "yes", "CONNECTED", "WRONG", **FAILS)
    lead(mart_wh, "no", "CONNECTED", "WRONG", **FITS)
    put(mart_wh, "activity", *({"lead_id": name, "activity_id": name, "occurred_at": noon(DAY, 0.5),
                                "direction": "outbound", "outcome": "busy"} for name in ("yes", "no")))
    night(mart_wh, of=["leak_evidence", "target_verdicts"], rules=RULES)
    causes = {row["lead_id"]: row["leak_cause"] for row in rows_of(mart_wh, "leak_evidence")}
    assert causes == {"yes": "wrong_target", "no": "wrong_target_unsupported"}
    assert {row["lead_id"] for row in rows_of(mart_wh, "target_verdicts") if row["support"] == "supported"} == {"yes"}


def test_completeness_by_hand(mart_wh: Warehouse) -> None:
    """20 spoken to, 23 of 40 answers, 3 called wrong targets; one never reached owes nothing, 19 are too few."""
    for number in range(20):
        lead(mart_wh, f"l{number}", "CONNECTED", *(["WRONG"] if number < 3 else []),
             **([FAILS, FITS][number] if number < 2 else {"p_use": "home"} if number < 21 else {}))
    lead(mart_wh, "silent", "TRIED", **FITS)
    take(mart_wh, "portrait_answer", {"lead_id": "l2", "portrait_property": "p_use"})
    told(mart_wh, "l3", p_sum="12")
    told(mart_wh, "l4", p_sum="12")
    hold(mart_wh)
    rows = rows_of(mart_wh, "portrait_completeness")
    assert [(row["dimension"], row["campaign_id"], row["source"], row["owner_id"]) for row in rows] == [
        ("campaign", "(unmatched)", "", ""), ("campaign_and_salesperson", "(unmatched)", "crm", "an"),
        ("salesperson", "", "crm", "an")]
    row = rows[0]
    assert all(row["owed_lead_count"] == 20 for row in rows)
    assert row["complete_count"] == 4
    assert (row["answer_count"], row["asked_count"], row["completeness_rate"]) == (23, 40, 0.575)
    assert [row[f"called_wrong_{word}count"] for word in ("", "supported_", "contradicted_", "unsupported_")] == [
        3, 1, 1, 1]
    interval = binomtest(11, 20).proportion_ci(0.95, method="wilson"), binomtest(12, 20).proportion_ci(
        0.95, method="wilson")
    assert interval[0].low < row["completeness_rate_low"] < interval[1].low
    assert interval[0].high < row["completeness_rate_high"] < interval[1].high
    take(mart_wh, "lead_status", *({"lead_id": "l19", "status": "CONNECTED", "entered_at": noon(DAY, 2)},))
    hold(mart_wh)
    row = rows_of(mart_wh, "portrait_completeness")[0]
    assert (row["owed_lead_count"], row["is_small_sample"], row["completeness_rate"]) == (19, True, None)


def test_drift_by_hand(mart_wh: Warehouse) -> None:
    """A campaign of 20 fit leads, then of 20 unfit ones, beside a new one that has only the company's past."""
    def month(campaign: str, day: date, fit: int, unfit: int) -> None:
        names = [f"{campaign}-{day.month}-{number}" for number in range(fit + unfit)]
        put(mart_wh, "lead", *({"lead_id": name, "created_day": day, "utm_campaign": campaign} for name in names))
        all_told(mart_wh, {name: FITS if number < fit else FAILS for number, name in enumerate(names)})

    put(mart_wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2", "campaign_name_norm": "bed"})
    month("c1", DAY, 20, 0)
    month("c1", MAY, 0, 20)
    month("c2", MAY, 19, 0)
    put(mart_wh, "lead", {"lead_id": "unasked", "created_day": MAY, "utm_campaign": "c2"})
    hold(mart_wh)
    rows = rows_of(mart_wh, "portrait_drift")

    def row(campaign: str, first: date, compared: str) -> tuple[Any, ...]:
        found = only(rows, campaign_id=campaign, cohort_month=first, compared_with=compared)
        return tuple(found[name] for name in ("decided_count", "fit_rate", "earlier_decided_count", "earlier_fit_rate",
                                              "fit_change"))

    assert row("c1", APRIL, "own_earlier_months") == (20, 1, 0, None, None)
    assert row("c1", MAY, "own_earlier_months") == (20, 0, 20, 1, "fell")
    assert row("c1", MAY, "before_launch") == (20, 0, 0, None, None)
    assert row("c2", MAY, "before_launch") == (19, None, 20, 1, None)
    assert only(rows, campaign_id="c2", compared_with="before_launch")["unique_lead_count"] == 20
    told(mart_wh, "unasked", **FITS)
    hold(mart_wh)
    rows = rows_of(mart_wh, "portrait_drift")
    assert row("c2", MAY, "before_launch") == (20, 1, 20, 1, "no_difference")


def test_an_answer_is_built_by_parts(mart_wh: Warehouse) -> None:
    """Answers that changed or vanished, and nothing else: the parts that are built again make the whole tables."""
    Company(21, leads=20).fill(mart_wh)
    all_told(mart_wh, {f"l{number}": (FITS, FAILS, {"p_use": "home"}, {})[number % 4] for number in range(1, 21)})
    release(mart_wh, night(mart_wh, of=MARTS_HERE, rules=RULES))
    told(mart_wh, "l3", **FAILS)
    take(mart_wh, "portrait_answer", {"lead_id": "l4", "portrait_property": "p_use"})
    report = night(mart_wh, of=MARTS_HERE, rules=RULES)
    assert not report.full
    release(mart_wh, report)
    by_parts = [rows_of(mart_wh, name, "mart") for name in MARTS_HERE]
    night(mart_wh, full=True, of=MARTS_HERE, rules=RULES)
    assert by_parts == [rows_of(mart_wh, name) for name in MARTS_HERE]
    assert {row["portrait_verdict"] for row in by_parts[0]} == {"fits", "fails", "incomplete", None}


def test_splits_add_up(mart_wh: Warehouse) -> None:
    """Over a random company: wrong targets by group, verdicts by lead, and decided leads over all months."""
    Company(22, leads=40).fill(mart_wh)
    all_told(mart_wh, {f"l{number}": (FITS, FAILS, {"p_use": "job"})[number % 3] for number in range(1, 41)})
    hold(mart_wh)
    facts = [row for row in rows_of(mart_wh, "lead_fact") if row["is_unique"]]
    wrong = sum(row["wrong_target_at"] is not None for row in facts)
    assert wrong == sum(row["sales_verdict"] == "wrong" for row in rows_of(mart_wh, "target_verdicts")) > 0
    completeness = rows_of(mart_wh, "portrait_completeness")
    for dimension in ("campaign", "salesperson", "campaign_and_salesperson"):
        assert wrong == sum(row["called_wrong_count"] for row in completeness if row["dimension"] == dimension)
    decided = sum(row["portrait_verdict"] in ("fits", "fails") for row in facts)
    for compared in ("own_earlier_months", "before_launch"):
        rows = [row for row in rows_of(mart_wh, "portrait_drift") if row["compared_with"] == compared]
        assert decided == sum(row["decided_count"] for row in rows) > 0
        assert len(facts) == sum(row["unique_lead_count"] for row in rows)
