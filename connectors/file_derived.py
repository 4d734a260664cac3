"""Columns that follow from others: keyed hashes of people, tracking of a landing URL, business days, names to match.

A column that the mapping fills itself is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any, Protocol

from connectors import utm
from connectors.base import Slice
from connectors.crm import number
from connectors.file_mapping import FileMapping, Target
from connectors.people import Hasher, Person
from crosscheck.windows import local_day

Column = Callable[[str], Sequence[str | None]]
Values = dict[str, list[Any]]
_NORMS = {"crm_campaign_norm": "crm_campaign", "utm_campaign_norm": "utm_campaign",
          "campaign_name_norm": "campaign_name"}
_DAYS = {"created_day": "created_at", "closed_day": "closed_at", "occurred_day": "occurred_at"}
_PERSON = tuple(field.name for field in dataclass_fields(Person))
_TRACKING = (*utm.UTM_NAMES, *utm.CLICK_IDS, "utm_campaign_norm", "landing_page")


class Derive(Protocol):
    """Adds to `values`, in place, the columns of one table for `size` rows."""

    def __call__(self, target: Target, job: Slice, values: Values, column: Column, size: int) -> None:
        """`column` gives the raw texts of a column of the file."""


class Derived:
    """The derivations of one mapping. `hasher` is called only when a lead is mapped: it reads the privacy key."""

    def __init__(self, mapping: FileMapping, hasher: Callable[[], Hasher]) -> None:
        self._hasher = hasher
        self._fixed = {"account_id": mapping.account_id, "account_name": mapping.account_name or None,
                       "currency_code": mapping.currency, "time_zone": mapping.time_zone}

    def __call__(self, target: Target, job: Slice, values: Values, column: Column, size: int) -> None:
        """Everything that the table has and the mapping left out."""
        wanted = {name for name in target.record.by_name if name not in values}
        for name, value in {**self._fixed, "source": job.source}.items():
            if name in wanted:
                values[name] = [value] * size
        if target.landing_url:
            _track(column(target.landing_url), wanted, values)
        for name, origin in _NORMS.items():
            if name in wanted and name not in values and origin in values:
                values[name] = [utm.norm(text) for text in values[origin]]
        for name, origin in _DAYS.items():
            if name in wanted and origin in values:
                values[name] = [None if at is None else local_day(at, job.business_zone) for at in values[origin]]
        if "answer_number" in wanted:
            values["answer_number"] = [number(text) for text in values.get("answer", [None] * size)]
        if target.table == "lead":
            self._identify(target, job, values, column, size)

    def _identify(self, target: Target, job: Slice, values: Values, column: Column, size: int) -> None:
        nothing = [None] * size
        source = target.person
        emails = column(source.email) if source and source.email else nothing
        phones = column(source.phone) if source and source.phone else nothing
        leads = ((str(lead), mail, phone) for lead, mail, phone in zip(values["lead_id"], emails, phones, strict=True))
        people = self._hasher().people(job.source, leads)
        for name in _PERSON:
            values.setdefault(name, [getattr(person, name) for person in people])


def _track(urls: Sequence[str | None], wanted: set[str], values: Values) -> None:
    found = [utm.parse(url) for url in urls]
    for name in _TRACKING:
        if name in wanted:
            values[name] = [getattr(tracking, name) for tracking in found]
