"""The vocabulary: every column of every table, once."""

from __future__ import annotations

from crosscheck.fields import (
    ads,
    agreements,
    appeals,
    calls,
    changes,
    costs,
    credit,
    crm,
    engagement,
    exchange,
    feedback,
    identity,
    leaks,
    marts,
    ops,
    people,
    portrait,
    pricing,
    quality,
    sales,
    sourcing,
    speed,
    velocity,
)
from crosscheck.tables import Column, Field


def _merge(*groups: tuple[Field, ...]) -> dict[str, Field]:
    words: dict[str, Field] = {}
    for word in (word for group in groups for word in group):
        if word.name in words:
            raise ValueError(f"{word.name} is defined twice in the vocabulary")
        words[word.name] = word
    return words


FIELDS: dict[str, Field] = _merge(ops.FIELDS, ads.FIELDS, crm.FIELDS, marts.FIELDS, leaks.FIELDS, pricing.FIELDS,
                                  credit.FIELDS, sourcing.FIELDS, speed.FIELDS, velocity.FIELDS, people.FIELDS,
                                  costs.FIELDS, changes.FIELDS, identity.FIELDS, sales.FIELDS, calls.FIELDS,
                                  engagement.FIELDS, appeals.FIELDS, agreements.FIELDS, portrait.FIELDS,
                                  quality.FIELDS, exchange.FIELDS, feedback.FIELDS)


def columns(required: str, optional: str = "", *, basis: str = "") -> tuple[Column, ...]:
    """Columns by name, required ones first; an unknown name is a KeyError at import, not at night."""
    return tuple(
        Column(FIELDS[name], required=must, basis=basis)
        for names, must in ((required, True), (optional, False))
        for name in names.split()
    )
