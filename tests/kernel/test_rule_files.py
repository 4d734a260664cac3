"""The rule files beside the lead states: shipped defaults, versions, signatures, and the line of every mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscheck.errors import ConfigError
from crosscheck.rules import SHIPPED, MonthlyCost, default_rules, load_rules
from crosscheck.rules.commitments import commitments
from crosscheck.rules.figures import costs, horizons, promotions
from crosscheck.rules.portrait import portrait
from crosscheck.rules.reader import Reading
from crosscheck.rules.sla import sla
from crosscheck.rules.trials import trial_signs

READERS: dict[str, Callable[[Reading], object]] = {
    "portrait": portrait, "sla": sla, "horizons": horizons, "costs": costs, "promotions": promotions,
    "commitments": commitments, "test_leads": trial_signs}


def written(folder: Path, name: str, *changes: tuple[str, str], more: str = "") -> Path:
    """A folder with one shipped file, changed."""
    text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / f"{name}.yaml").write_text(text + more, encoding="utf-8")
    return folder


def test_a_missing_file_means_the_shipped_one(tmp_path: Path) -> None:
    """Whoever wrote no rules has the documented defaults, as unsigned drafts."""
    rules = load_rules(tmp_path / "nowhere")
    assert rules == default_rules()
    assert rules.horizons.days == (30, 60, 90)
    assert [(kind.minutes, kind.in_business_hours) for kind in rules.sla.kinds] == [
        (15, False), (1440, False), (60, True)]
    assert (rules.sla.fair_attempts, rules.sla.fair_days) == (6, 5)
    assert all(head.is_draft for head in rules.heads.values())


def test_the_shipped_portrait_is_not_collected() -> None:
    """No source delivers an answer today, and the file says so."""
    drawn = default_rules().portrait
    assert drawn.sources == ()
    assert not any(field.is_collected for field in drawn.fields)


def test_a_portrait_is_collected_when_its_hard_fields_are(tmp_path: Path) -> None:
    """A field that only weighs may lack a source; one that rules people out may not."""
    told = ("sell it on?\n    collected_from: {}", "sell it on?\n    collected_from: {crm: purpose}")
    drawn = load_rules(written(tmp_path, "portrait", told)).portrait
    assert (drawn.sources, drawn.decides("crm"), drawn.decides("other")) == (("crm",), True, False)
    assert drawn.asked("crm") == {"purpose": "purpose"}
    assert [str(rule) for rule in drawn.hard] == ["purpose none of job application, supplier's offer"]
    assert [field.name for field in drawn.fields if field.is_collected] == ["purpose"]
    assert [rule.is_hard for rule in drawn.rules] == [True, False]


def test_both_signatures_end_the_draft(tmp_path: Path) -> None:
    """One head's name is not enough."""
    one = load_rules(written(tmp_path, "sla", ("marketing: null", "marketing: An"))).sla.head
    both = load_rules(written(tmp_path, "sla", ("{marketing: null, sales: null}", "{marketing: An, sales: Bo}"))).sla
    assert (one.is_draft, both.head.is_draft) == (True, False)
    assert both.head.signed_by == {"marketing": "An", "sales": "Bo"}


def test_the_version_follows_the_meaning(tmp_path: Path) -> None:
    """Signatures, days and comments change nothing, a number does, and so does the order of the kinds."""
    first = default_rules()
    signed = load_rules(written(tmp_path, "sla", ("marketing: null", "marketing: An"), more="# agreed\n"))
    assert signed.version == first.version
    assert load_rules(written(tmp_path, "sla", ("minutes: 15", "minutes: 16"))).version != first.version
    assert load_rules(written(tmp_path, "sla", ("kind: hot", "kind: x"), ("kind: content", "kind: hot"),
                              ("kind: x", "kind: content"))).version != first.version


def test_costs_and_promotions(tmp_path: Path) -> None:
    """A month that is not listed is unknown, and so is a side that is left out; rates stay as they were written."""
    written(tmp_path, "costs", ("months: {}", "months:\n  2026-10: {marketing: 60000000}"),
            ("default_margin_rate: null", "default_margin_rate: 0.3"))
    rules = load_rules(written(tmp_path, "promotions", (
        "promotions: []", "promotions:\n  - {name: Tết, first_day: 2026-01-10, last_day: 2026-01-10, "
                          "most_discount_rate: 0.1}")))
    assert rules.costs.months == {date(2026, 10, 1): MonthlyCost(Decimal(60_000_000), None)}
    assert rules.costs.default_margin_rate == Decimal("0.3")
    promotion = rules.promotions.promotions[0]
    assert (promotion.campaign, promotion.most_discount_rate) == (None, Decimal("0.1"))


CHARTER = ("{name: Tết, platform: meta_ads, campaign: '7', first_day: 2026-01-10, last_day: 2026-02-10, "
           "objective: flats, message: by Tết, sales: {in_time: 0.9}, signed_by: {marketing: An, sales: Bo}}")


def test_promises_of_months_and_campaigns(tmp_path: Path) -> None:
    """A month is signed with the file, a charter by itself; who signs changes no version, what is promised does."""
    months = ("months: {}", "months:\n  2026-02: {marketing: {budget: 9.5, leads: 0}, sales: {wins: 2}}")
    folder = written(tmp_path, "commitments", months, ("campaigns: []", f"campaigns: [{CHARTER}]"))
    given = load_rules(folder).commitments
    month, charter = given.agreements
    assert (month.name, month.first_day, month.last_day) == ("2026-02", date(2026, 2, 1), date(2026, 2, 28))
    assert month.promised == {"budget": Decimal("9.5"), "leads": 0, "wins": 2}
    assert (charter.campaign, charter.promised, charter.portrait_version) == ("7", {"in_time": Decimal("0.9")}, None)
    assert (month.is_draft, charter.is_draft) == (True, False)
    versions = [load_rules(written(tmp_path, "commitments", months, ("campaigns: []", f"campaigns: [{other}]")))
                .commitments.head.version for other in (CHARTER.replace("Bo", "Chi"), CHARTER.replace("0.9", "0.8"))]
    assert [version == given.head.version for version in versions] == [True, False]


def test_open_days_are_instants(tmp_path: Path) -> None:
    """Business hours are the business zone's; Sundays and holidays have none, a change of the clock moves them."""
    hours = load_rules(written(tmp_path, "sla", ("[mon, tue, wed, thu, fri, sat]", "[fri, mon]"))).sla.hours
    assert hours.opens == time(8)
    days = list(hours.open_days(date(2026, 4, 24), date(2026, 5, 1), "Asia/Ho_Chi_Minh"))
    assert [[at.isoformat() for at in day] for day in days] == [["2026-04-24T01:00:00", "2026-04-24T10:30:00"]]
    around = (date(2026, 3, 27), date(2026, 3, 30))
    assert [opens.hour for opens, _ in hours.open_days(*around, "Europe/Berlin")] == [7, 6]


MISTAKES = [
    ("portrait", "region:", "7:", "line 10: fields: 7 is not text"),
    ("portrait", "question: Where will the furniture stand?", "question: 7", "line 11: question: 7 is not text"),
    ("portrait", "{field: purpose, none_of", "{field: colour, none_of", "line 23: field: unknown 'colour'"),
    ("portrait", "any_of: [nobody, family]", "any_of: [nobody], at_least: 1", "line 25: decides: give one of any_of"),
    ("portrait", "any_of: [nobody, family]", "at_least: much", "line 25: at_least: 'much' is not a number"),
    ("portrait", "region:\n    question: Where will the furniture stand?\n    collected_from: {}",
     "region:\n    question: Where?\n    collected_from: {crm: a}\n  street:\n    question: Where?\n"
     "    collected_from: {crm: a}", "line 13: street: property 'a' of crm answers another question"),
    ("portrait", "hard:\n", "hard: 3\nother:\n", "line 23: unknown key 'other'"),
    ("sla", "minutes: 15", "minutes: 0", "line 15: minutes: 0 is not a whole number from 1"),
    ("sla", "minutes: 15", "minutes: true", "line 15: minutes: True is not a whole number"),
    ("sla", "clock: business", "clock: office", "line 24: clock: unknown 'office'"),
    ("sla", "clock: business", "clock: business\n    when: {forms: [a]}", "line 22: form: the last kind"),
    ("sla", "    when: {forms: []}\n  - kind: content", "  - kind: content", "line 14: hot: the last kind"),
    ("sla", "when: {forms: []}", "when: {pages: []}", "line 17: unknown key 'pages'"),
    ("sla", "when: {forms: []}", "when: {}", "line 17: when: give one of"),
    ("sla", "kind: content", "kind: hot", "line 13: kinds: give at least one, none of them twice"),
    ("sla", '"17:30"', '"07:30"', "line 9: until must be later"),
    ("sla", '"08:00"', "8", "line 8: from: 8 is not text"),
    ("sla", '"08:00"', '"8"', "line 8: from is an hour"),
    ("sla", "tue", "die", "line 7: days: unknown 'die'"),
    ("sla", "holidays: []", "holidays: [soon]", "line 10: holidays: give a list of days"),
    ("sla", "attempts: 6, ", "", "line 25: key 'attempts' is missing"),
    ("horizons", "[30, 60, 90]", "[30, 30]", "line 4: days: the numbers must rise"),
    ("horizons", "[30, 60, 90]", "[30, x]", "line 4: days: 'x' is not a whole number"),
    ("horizons", "effective_from: 2026-01-01", "effective_from: soon", "line 3: effective_from is a day"),
    ("horizons", "marketing: null", "boss: An", "line 2: unknown key 'boss'"),
    ("costs", "currency: VND", "currency: đồng", "line 6: currency: three capital letters"),
    ("costs", "default_margin_rate: null", "default_margin_rate: 30",
     "line 7: default_margin_rate: 30 is not a number from 0 to 1"),
    ("costs", "months: {}", "months: {2026-13: {sales: 1}}", "line 8: 2026-13 is no month"),
    ("costs", "months: {}", "months: {2026-12: {sales: -1}}", "line 8: sales: -1 is not a number from 0"),
    ("costs", "months: {}", "months: {2026-12: {sales: .nan}}", "line 8: sales: nan is not a number from 0"),
    ("promotions", "[]", "[{name: a}]", "line 5: key 'first_day' is missing"),
    ("promotions", "[]", "[{name: a, first_day: 2026-02-01, last_day: 2026-01-31, most_discount_rate: 0}]",
     "line 5: last_day is before first_day"),
    ("promotions", "[]", "[{name: a, first_day: 2026-02-30}]", "line 5: day is out of range for month"),
    ("promotions", "[]", "\n  - &a {name: a, first_day: 2026-02-01, last_day: 2026-02-01, most_discount_rate: 0}"
                         "\n  - *a", "line 6: name: 'a' stands twice"),
    ("promotions", "promotions: []", "promotions: [", "line"),
    ("commitments", "months: {}", "months: {2026-10: {boss: {}}}", "line 9: unknown key 'boss'"),
    ("commitments", "months: {}", "months: {2026-10: {sales: {leads: 1}}}", "line 9: unknown key 'leads'"),
    ("commitments", "months: {}", "months: {2026-10: {sales: {wins: 1.5}}}", "line 9: wins: 1.5 is not a whole number"),
    ("commitments", "months: {}", "months: {2026-10: {sales: {in_time: 90}}}", "in_time: 90 is not a number from 0 to"),
    ("commitments", "[]", "[{name: a}]", "line 13: key 'platform' is missing"),
    ("commitments", "[]", f"[{CHARTER.replace('in_time', 'fair_effort')}]", "line 13: unknown key 'fair_effort'"),
    ("commitments", "[]", f"[{CHARTER.replace('2026-02-10', '2026-01-09')}]", "line 13: last_day is before first_day"),
    ("commitments", "[]", f"[{CHARTER}, {CHARTER}]", "line 13: name: 'Tết' stands twice"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), MISTAKES)
def test_mistakes_name_file_and_line(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    """Whoever edits a file is told where to look."""
    with pytest.raises(ConfigError) as error:
        load_rules(written(tmp_path, name, (old, new)))
    assert str(error.value).startswith(f"{name}.yaml, ")
    assert message in str(error.value)


RUBBISH = ("", "null", "0", "-1", "1.5", "true", "x", "'7'", "2026-02-30", "2026-01-31", "[]", "[1]", "[[a]]", "{}",
           "{a: 1}", "{a: {b: c}}", "[{}]", ".inf", "&a [*a]", "!!set {a}", "- x", "}")


def mistake(path: Path) -> str | None:
    """What is wrong with a file."""
    try:
        READERS[path.stem](Reading.of(path))
    except ConfigError as error:
        return str(error)
    return None


@settings(deadline=None)
@given(data=st.data())
def test_a_file_loads_or_says_where_it_is_wrong(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever stands in place of one value of a file: it is understood, or refused with file and line."""
    name = data.draw(st.sampled_from(sorted(READERS)))
    lines = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines) if ":" in line and line[0] != "#"]
    place = data.draw(st.sampled_from(places))
    value = data.draw(st.sampled_from(RUBBISH) | st.text(max_size=5))
    lines[place] = f"{lines[place].split(':')[0]}: {value}"
    path = tmp_path_factory.getbasetemp() / f"{name}.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    message = mistake(path)
    assert message is None or f"{name}.yaml, line " in message
