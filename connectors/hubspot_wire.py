"""HubSpot's wire: errors by what to do next, and pages as one envelope of unchanged answers.

    {"objects": [<batch/read or list answer>, ...], "associations": [<v4 associations answer>, ...]}

Each answer stands in the envelope byte for byte as HubSpot sent it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors import wire
from connectors.base import RawPage
from connectors.http import Answer, by_status
from connectors.retry import retry_after
from crosscheck.errors import (
    BrokenAnswer,
    ConfigError,
    CrosscheckError,
    QuotaExhausted,
    Skippable,
    TryAgain,
    TrySmaller,
)

#: A record deleted or merged between the search and the read: gone, not a failure.
GONE = frozenset({"OBJECT_NOT_FOUND"})
_PAUSE = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}


def classify(answer: Answer) -> CrosscheckError | None:
    """HubSpot's error bodies; falls back on the status. Messages carry category and correlation id, never values."""
    if answer.ok:
        refused = answer.body[:400].lstrip().startswith(b"{") and b'"status":"error"' in answer.body[:400]
        return BrokenAnswer("status 200 with an error inside") if refused else None
    if answer.status == 414:
        return TrySmaller("the address is too long", fix="ask for fewer properties at once")
    if answer.status == 530:
        return ConfigError("the token is malformed", fix="check secrets.access_token of this source")
    if answer.status in (423, 477):
        return TryAgain(f"the portal is locked for the moment ({answer.status})", after=retry_after(answer.headers))
    if answer.status in (403, 429) or answer.status == 400:
        return _by_body(answer)
    return by_status(answer)


def _by_body(answer: Answer) -> CrosscheckError | None:
    body = answer.json()
    if not isinstance(body, dict):
        return by_status(answer)
    if answer.status == 429:
        return _throttled(answer, str(body.get("policyName") or ""))
    category = str(body.get("category") or "no category")
    if answer.status == 403 and category == "MISSING_SCOPES":
        return Skippable("the token lacks a scope for this stream", fix="add the read scope to the private app")
    if answer.status == 403:
        return by_status(answer)
    return ConfigError(f"the request is not accepted ({category}, correlation {body.get('correlationId')})")


def _throttled(answer: Answer, policy: str) -> CrosscheckError:
    if policy == "DAILY":
        return QuotaExhausted("the portal's daily quota is used up",
                              fix="nothing: what was landed is kept and the next run resumes")
    wish = retry_after(answer.headers)
    return TryAgain(f"rate limit {policy or 'unnamed'}", after=_PAUSE.get(policy) if wish is None else wish)


def page(objects: Iterable[bytes], associations: Iterable[bytes] = (), **notes: Any) -> RawPage:
    """The envelope of some answers."""
    bodies = list(objects)
    body = b'{"objects":[' + b",".join(bodies) + b'],"associations":[' + b",".join(associations) + b"]}"
    return RawPage(body, rows=sum(len(results(wire.parse(each))) for each in bodies), notes=notes)


def results(answer: Any) -> list[dict[str, Any]]:
    """The records of an answer; raises BrokenAnswer when there is no such list."""
    found = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BrokenAnswer("an answer without a list of results")
    return found


@dataclass(frozen=True)
class Envelope:
    """A page opened again: records in the vendor's order, and the first linked contact by record id."""

    records: tuple[dict[str, Any], ...]
    contacts: dict[str, str]

    @classmethod
    def open(cls, body: bytes) -> Envelope:
        """Read a landed page."""
        tree = wire.parse(body)
        records = tuple(record for answer in tree["objects"] for record in results(answer))
        return cls(records, dict(_links(tree["associations"])) | dict(_inline_links(records)))


def _links(answers: list[Any]) -> Iterator[tuple[str, str]]:
    """The primary contact of each record, else the one with the lowest id: the same on every night."""
    for link in (item for answer in answers for item in results(answer)):
        ends = [(not _is_primary(end), _as_number(end["toObjectId"])) for end in link.get("to") or []]
        if ends:
            yield str(link["from"]["id"]), min(ends)[1][1]


def _as_number(record_id: object) -> tuple[int, str]:
    """A sort key under which ids in text count as numbers."""
    return len(str(record_id)), str(record_id)


def _is_primary(end: dict[str, Any]) -> bool:
    return any(str(kind.get("label") or "").lower().startswith("primary") for kind in end.get("associationTypes") or [])


def _inline_links(records: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Archived records come from the list endpoint, which answers with its links inside."""
    for record in records:
        ends = ((record.get("associations") or {}).get("contacts") or {}).get("results") or []
        if ends:
            yield str(record["id"]), min(_as_number(end["id"]) for end in ends)[1]
