"""The weekly pack's workbook: every row behind the letter. No text of anybody's becomes a formula or a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import sqlalchemy as sa
import xlsxwriter

from report.letters import facts, passed, rows
from report.letters.facts import WEEK, Line, mart
from report.letters.items import DISPUTES, SUPPORT
from report.letters.letter import Letter
from report.letters.rows import Teller
from report.terms import CAUSES, FEEDBACK, LOST_REASONS, MEASURES, PROMISES, RATIOS, SIDES, STATES, platform

TEXT, COUNT, MONEY, SHARE, RATIO, DAY, MOMENT = "text", "count", "money", "share", "ratio", "day", "moment"
_WIDTHS = {TEXT: 26, COUNT: 11, MONEY: 18, SHARE: 10, RATIO: 9, DAY: 12, MOMENT: 17}
_FORMATS = {COUNT: "#,##0", SHARE: "0.0%", RATIO: "0.00", DAY: "yyyy-mm-dd", MOMENT: "yyyy-mm-dd hh:mm"}
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            "constant_memory": False}
_WRAPPED = {"text_wrap": True, "valign": "top"}
Value = Callable[[Line], Any]


@dataclass(frozen=True)
class Field:
    """A column: its heading, what kind of value it holds, and how a row tells it."""

    title: str
    kind: str
    value: Value


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows and their columns."""

    title: str
    fields: Sequence[Field]
    rows: Sequence[Line]


def workbook(told: Teller, letter: Letter, conn: sa.Connection) -> bytes:
    """The file."""
    made = BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        book.set_properties({"title": letter.subject, "author": letter.project})
        _read_me(book, told, letter)
        for sheet in _sheets(told, conn):
            fill(book, told, sheet)
    return made.getvalue()


def _read_me(book: Any, told: Teller, letter: Letter) -> None:
    _ = told.voice
    page, bold, wrapped = book.add_worksheet(_("Read me")), book.add_format({"bold": True}), book.add_format(_WRAPPED)
    page.set_column(0, 0, 110, wrapped)
    hints = (_("An empty cell is not known; it is never zero."),
             _("Rates stand only from 20 leads on, with the bounds of their 95 % interval beside them."))
    page.write_string(0, 0, letter.subject, bold)
    lines = (letter.headline, *letter.about, *letter.reading, *hints, letter.closing,
             *(f"[{number}] {command}" for number, command in enumerate(letter.commands, start=1)))
    for number, line in enumerate(lines, start=1):
        page.write_string(number, 0, line, wrapped)


def fill(book: Any, told: Teller, sheet: Sheet) -> None:
    """A sheet into the book: frozen headings, formats by kind, empty where nothing is known."""
    page = book.add_worksheet(sheet.title)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#eef0f2"})
    page.freeze_panes(1, 1)
    for column, field in enumerate(sheet.fields):
        page.set_column(column, column, _WIDTHS[field.kind])
        page.write_string(0, column, field.title, head)
    formats = {kind: book.add_format({"num_format": pattern}) for kind, pattern in _patterns(told).items()}
    for number, line in enumerate(sheet.rows, start=1):
        for column, field in enumerate(sheet.fields):
            _write(page, told, (number, column), field.kind, field.value(line), formats)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.fields) - 1)


def _patterns(told: Teller) -> dict[str, str]:
    """Excel's number formats; money with its currency."""
    currency = told.voice.numbers.currency
    digits = "" if currency in ("VND", "JPY", "KRW") else ".00"
    return {**_FORMATS, MONEY: f'#,##0{digits} "{currency}"'}


def _write(page: Any, told: Teller, place: tuple[int, int], kind: str, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if kind == TEXT:
        page.write_string(*place, str(value))
    elif isinstance(value, datetime):
        page.write_datetime(*place, _local(told, value), formats[kind])
    elif isinstance(value, date):
        page.write_datetime(*place, value, formats[kind])
    else:
        page.write_number(*place, float(value) if isinstance(value, Decimal) else value, formats[kind])


def _local(told: Teller, moment: datetime) -> datetime:
    """A stored moment in the company's zone: a cell knows no zone, the first sheet names it."""
    return moment.replace(tzinfo=UTC).astimezone(told.voice.numbers.zone).replace(tzinfo=None)


def _sheets(told: Teller, conn: sa.Connection) -> Iterator[Sheet]:
    _ = told.voice
    yield Sheet(_("Passed on"), _passed(told), passed.counted(told, WEEK))
    yield Sheet(_("Leaks"), _leaks(told), _all(conn, "leak_waterfall", "cohort_month", "cause_no"))
    yield Sheet(_("Ratios"), _ratios(told), _all(conn, "lead_quality", "cohort_week", where="is_matured"))
    yield Sheet(_("Campaigns"), _campaigns(told), _all(conn, "campaign_roi_closed", "close_month"))
    yield Sheet(_("Commitments"), _commitments(told), _all(conn, "commitments", "first_day", "agreement", "promise"))
    yield Sheet(_("Waiting"), _waiting(told), facts.waiting(conn, told.facts.ends_at))
    yield Sheet(_("Disagreements"), _disagreements(told), [
        {**line, "mart": name} for name in DISPUTES for line in _all(conn, name, "source", "lead_id")])


def _all(conn: sa.Connection, name: str, *order: str, where: str = "") -> list[Line]:
    found = mart(name)
    chosen = sa.select(found).where(found.c[where] if where else sa.true())
    return facts.rows(conn, chosen.order_by(*(found.c[one] for one in order), *found.primary_key))


def _plain(kind: str, title: str, name: str) -> Field:
    return Field(title, kind, lambda line: line[name])


def _campaign(told: Teller) -> tuple[Field, ...]:
    _ = told.voice
    return (Field(_("Campaign"), TEXT, lambda line: rows.campaign(told, line)),
            Field(_("Platform"), TEXT, lambda line: platform(line["platform"], _)),
            _plain(TEXT, _("Campaign id"), "campaign_id"))


def _passed(told: Teller) -> list[Field]:
    """A week of what sales said by campaign and kind; at the end, without a first day, what waits for an answer."""
    _ = told.voice
    kinds = {kind: _(word) for kind, word in FEEDBACK.items()}
    words = {name: _(word) for name, word in (STATES | LOST_REASONS).items()}
    return [_plain(DAY, _("From"), "first_day"), _plain(DAY, _("To"), "last_day"), *_campaign(told),
            Field(_("Kind"), TEXT, lambda line: kinds[line["feedback_kind"]] if line["first_day"]
                  else passed.waiting(_)),
            Field(_("What was said"), TEXT, lambda line: words.get(line["feedback_subject"])),
            _plain(COUNT, _("Pieces"), "pieces"), _plain(COUNT, _("Leads"), "leads"),
            *(_plain(COUNT, _(title), name) for name, title in SUPPORT.items()),
            _plain(TEXT, _("Command that opens it"), "command")]


def _leaks(told: Teller) -> list[Field]:
    _ = told.voice
    return [_plain(DAY, _("Month of creation"), "cohort_month"), *_campaign(told),
            Field(_("Step"), TEXT, lambda line: _(CAUSES[line["leak_cause"]])),
            Field(_("Whose step"), TEXT, lambda line: _(SIDES[line["leak_owner"]])),
            _plain(COUNT, _("Leads"), "lead_count"), _plain(MONEY, _("Worth, gross profit"), "leak_margin_amount"),
            _plain(MONEY, _("Worth, revenue"), "leak_revenue_amount")]


def _ratios(told: Teller) -> list[Field]:
    _ = told.voice
    each = [field for state, title in RATIOS.items() for field in (
        _plain(COUNT, _(title), f"{state}_count"), _plain(SHARE, f"{_(title)} %", f"{state}_rate"),
        _plain(SHARE, f"{_(title)} ≥", f"{state}_rate_low"), _plain(SHARE, f"{_(title)} ≤", f"{state}_rate_high"))]
    return [_plain(DAY, _("Week of creation"), "cohort_week"), *_campaign(told),
            _plain(COUNT, _("Leads"), "unique_lead_count"), *each]


def _campaigns(told: Teller) -> list[Field]:
    _ = told.voice
    return [_plain(DAY, _("Month"), "close_month"), *_campaign(told),
            *(_plain(COUNT if name.endswith("_count") else MONEY, _(title), name) for name, title in MEASURES.items()),
            _plain(MONEY, _("Cost per lead"), "cpl_amount"),
            _plain(MONEY, _("Cost per qualified lead"), "cpql_amount"), _plain(RATIO, "ROI", "roi_ratio")]


def _commitments(told: Teller) -> list[Field]:
    _ = told.voice
    return [_plain(TEXT, _("Agreement"), "agreement"),
            Field(_("Promise"), TEXT, lambda line: _(PROMISES[line["promise"]])),
            Field(_("Promised by"), TEXT, lambda line: _(SIDES[line["promised_by"]])),
            _plain(DAY, _("From"), "first_day"), _plain(DAY, _("To"), "last_day"),
            _plain(COUNT, _("Promised"), "promised_count"), _plain(COUNT, _("So far"), "delivered_count"),
            _plain(MONEY, _("Promised budget"), "promised_reporting_amount"),
            _plain(MONEY, _("Spent so far"), "delivered_reporting_amount"),
            _plain(SHARE, _("Promised share"), "promised_share"), _plain(SHARE, _("Share so far"), "delivered_rate"),
            _plain(COUNT, _("Leads that count"), "counted_lead_count"),
            _plain(COUNT, _("of them met"), "met_lead_count"),
            Field(_("State"), TEXT, lambda line: rows.state(told.voice, line))]


def _waiting(told: Teller) -> list[Field]:
    _ = told.voice
    who = Field(_("Salesperson"), TEXT, told.owner) if told.names_owners else Field(
        _("With"), TEXT, lambda line: _(SIDES[line["owed_by"]]))
    return [Field(_("Lead"), TEXT, rows.key), who, _plain(MOMENT, _("Was due"), "due_at"),
            Field(_("Next"), TEXT, lambda line: rows.action(told.voice, line))]


def _disagreements(told: Teller) -> list[Field]:
    _ = told.voice
    return [Field(_("Lead"), TEXT, rows.key),
            Field(_("What"), TEXT, lambda line: _(DISPUTES[line["mart"]][line[line["mart"]]])),
            Field(_("To be cleared up by"), TEXT, lambda line: _(SIDES[line["responsible"]])),
            _plain(MOMENT, _("One record, since"), "claim_at"), _plain(MOMENT, _("The other, since"), "contrary_at")]
