"""What the CRM connectors share: vendor records become canonical rows one by one, or are set aside with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from connectors import utm
from connectors.base import Mapped, Slice, Stream
from connectors.people import Hasher
from crosscheck.errors import DataError
from crosscheck.money import decimal
from crosscheck.rules import load_portrait
from crosscheck.settings import Settings, Source
from crosscheck.tables import TECHNICAL, Table

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]
_UTM_AND_CLICKS = (*utm.UTM_NAMES, *utm.CLICK_IDS)


class Rejected(Exception):
    """A record that cannot be staged. Names the reason and the vendor's field, never the value."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"{reason}: {field}")
        self.reason, self.field = reason, field


def mapped(stream: Stream, records: Iterable[Any], to_rows: Callable[[Any], Rows], drift: Iterable[str] = ()) -> Mapped:
    """Apply a mapping to each vendor record of a page.

    `to_rows` gives the rows of one record by output table, exactly one of them for the primary table, or raises
    Rejected: then no table gets anything of that record.
    """
    rows: dict[str, list[Row]] = {output.table.name: [] for output in stream.outputs}
    refused: list[Row] = []
    for row_no, record in enumerate(records, start=1):
        try:
            produced = to_rows(record)
        except Rejected as error:
            refused.append({"row_no": row_no, "reason": error.reason, "field": error.field})
            continue
        for table, items in produced.items():
            rows[table].extend(item | {"row_no": row_no} for item in items)
    frames = {output.table.name: frame(output.table, rows[output.table.name]) for output in stream.outputs}
    quarantined = pd.DataFrame(refused, columns=["row_no", "reason", "field"], dtype=object)
    return Mapped(frames, quarantined, tuple(sorted(set(drift))))


def frame(table: Table, rows: list[Row]) -> pd.DataFrame:
    """Canonical columns as plain objects, `row_no` last; what a row does not name is null."""
    names = [column.name for column in table.columns if column.name not in TECHNICAL] + ["row_no"]
    return pd.DataFrame([[row.get(name) for name in names] for row in rows], columns=names, dtype=object)


def must(value: Any, field: str) -> Any:
    """The value; Rejected when the record lacks it."""
    if value is None or value == "":
        raise Rejected("missing", field)
    return value


def as_is(value: object) -> str | None:
    """Text just as the vendor has it, for the restricted table; None for nothing."""
    return None if value is None or value == "" else str(value)


def instant(text: object, field: str, zone: ZoneInfo | None = None) -> datetime | None:
    """An ISO instant as naive UTC, the warehouse's form; text without an offset is local to `zone`.

    None for nothing and for `0000-00-00`. Rejected for anything else that is not an instant.
    """
    value = utm.tidy(text)
    if value is None or value.startswith("0000-00-00"):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Rejected("not an instant", field) from None
    if moment.tzinfo is None:
        if zone is None:
            raise Rejected("instant without a zone", field)
        moment = moment.replace(tzinfo=zone)
    return naive_utc(moment)


def naive_utc(moment: datetime) -> datetime:
    """An aware instant in UTC without its zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def money(value: object, field: str) -> Decimal | None:
    """An amount at the warehouse's scale; None for nothing, Rejected for what is no number."""
    text = utm.tidy(value)
    if text is None:
        return None
    try:
        return decimal(text)
    except DataError:
        raise Rejected("not an amount", field) from None


def day_in(moment: datetime | None, zone: str) -> date | None:
    """The local day of a naive UTC instant."""
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def portrait_properties(source: Source, settings: Settings) -> tuple[str, ...]:
    """The properties of a source in which `rules/portrait.yaml` says that answers to the portrait are kept."""
    return tuple(load_portrait(settings.path(settings.rules)).asked(source.name).values())


def answer_rows(key: Row, values: Mapping[str, object], asked: Iterable[str]) -> list[Row]:
    """The rows of `portrait_answer` of one lead: of the properties asked for, those that hold anything."""
    told = ((name, utm.tidy(values.get(name))) for name in asked)
    return [{**key, "portrait_property": name, "answer": text, "answer_number": number(text)}
            for name, text in told if text is not None]


def number(text: str | None) -> Decimal | None:
    """What an answer says as a number; None for words, and for a number that the warehouse cannot hold."""
    try:
        return None if text is None else decimal(text)
    except DataError:
        return None


@dataclass(frozen=True)
class LeadFacts:
    """What a CRM says about one lead, in our words. `fields` are its own tracking fields, which win over the URL's."""

    lead_id: str
    email: str | None
    phone: str | None
    created_at: datetime
    updated_at: datetime
    url: str | None
    fields: Mapping[str, object]
    crm_campaign: str | None
    is_archived: bool = False


def lead_rows(job: Slice, hasher: Hasher, lead: LeadFacts, **more: Any) -> Rows:
    """The rows of `lead` and of the restricted `contact`; `more` are further columns of `lead`."""
    person = hasher.person(job.source, lead.lead_id, lead.email, lead.phone)
    row = {"source": job.source, "lead_id": lead.lead_id, "created_at": lead.created_at, "updated_at": lead.updated_at,
           "created_day": day_in(lead.created_at, job.business_zone), "is_archived": lead.is_archived,
           **campaign_link(lead.crm_campaign), **asdict(person), **_tracking(lead), **more}
    contact = {"source": job.source, "lead_id": lead.lead_id, "email": lead.email, "phone": lead.phone}
    return {"lead": [row], "contact": [contact]}


def _tracking(lead: LeadFacts) -> Row:
    found = utm.parse(lead.url)
    row: Row = {name: utm.filled(lead.fields.get(name)) or getattr(found, name) for name in _UTM_AND_CLICKS}
    return row | {"utm_campaign_norm": utm.norm(row["utm_campaign"]), "landing_page": found.landing_page}


def campaign_link(campaign: str | None) -> Row:
    """The campaign that the CRM names, as written and in the form that names are matched by."""
    return {"crm_campaign": campaign, "crm_campaign_norm": utm.norm(campaign)}


def deal_dates(job: Slice, created_at: datetime, closed_at: datetime | None) -> Row:
    """The instants of a deal with their days in the business zone."""
    return {"created_at": created_at, "created_day": day_in(created_at, job.business_zone),
            "closed_at": closed_at, "closed_day": day_in(closed_at, job.business_zone)}
