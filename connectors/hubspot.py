"""HubSpot CRM: contacts with their status history, deals, calls, meetings and notes.

What changed is searched by id, never by page: each search starts after the last id seen, so neither the cap of
10 000 results nor records that move while we read can hide one. The search index lags, so every night looks back
`overlap` behind its cursor. Records are then read in hundreds with what a search leaves out: history and links.
Search shows no archived records; they are listed apart, as the last pages of the same stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from connectors import hubspot_map as mapping
from connectors.base import Account, Limits, Mapped, Output, RawPage, Slice, Stream, StreamKind
from connectors.base import LoadMode as Mode
from connectors.credentials import limits, secret
from connectors.crm import Rejected, Rows, instant, mapped, naive_utc, portrait_properties
from connectors.http import Answer, Http
from connectors.hubspot_wire import GONE, Envelope, classify, page, results
from connectors.pagers import Page, walk
from connectors.people import Hasher
from crosscheck.canonical import ACTIVITY, CONTACT, DEAL, DEAL_WIN, LEAD, LEAD_MERGE, LEAD_STATUS, PORTRAIT_ANSWER
from crosscheck.errors import BrokenAnswer, DataError
from crosscheck.settings import Settings, Source

SEARCHES_PER_SECOND = 4  # the vendor's limit per portal is 5, and others use the portal too
SEARCH_LIMIT, BATCH, LIST_LIMIT = 200, 100, 50  # 50: the vendor's limit where history is asked for

CONTACTS = Stream("contacts", StreamKind.INCREMENTAL, "One vendor row per contact that changed, archived or not.", (
    Output(LEAD, Mode.UPSERT),
    Output(LEAD_STATUS, Mode.CHILDREN, ("source", "lead_id")),
    Output(LEAD_MERGE, Mode.CHILDREN, ("source", "merged_into_id")),
    Output(PORTRAIT_ANSWER, Mode.CHILDREN, ("source", "lead_id")),
    Output(CONTACT, Mode.UPSERT)))
DEALS = Stream("deals", StreamKind.INCREMENTAL, "One vendor row per deal that changed, archived or not.",
               (Output(DEAL, Mode.UPSERT), Output(DEAL_WIN, Mode.CHILDREN, ("source", "deal_id"))),
               empty_is_normal=True)
_OF_LEADS = (Output(ACTIVITY, Mode.CHILDREN, ("source", "activity_id")),)
CALLS = Stream("calls", StreamKind.INCREMENTAL, "One vendor row per call that changed, on its primary contact.",
               _OF_LEADS, empty_is_normal=True)
MEETINGS = Stream("meetings", StreamKind.INCREMENTAL, "One vendor row per meeting that changed, on its first contact.",
                  _OF_LEADS, empty_is_normal=True)
NOTES = Stream("notes", StreamKind.INCREMENTAL, "One vendor row per note that changed, on its first contact.",
               _OF_LEADS, empty_is_normal=True)
_TO_ROWS = {"deals": mapping.deal_rows, "calls": mapping.call_rows, "meetings": mapping.meeting_rows,
            "notes": mapping.note_rows}


class HubSpot:
    """One portal, which is one account.

    Options: base_url; concurrent, per_second and search_per_second where the portal's tier allows more.
    """

    name = "hubspot"
    streams = (CONTACTS, DEALS, CALLS, MEETINGS, NOTES)
    limits = Limits(concurrent=4, per_second=9)

    def __init__(self, source: Source, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._source = source
        self._asked = portrait_properties(source, settings)
        self.streams = (replace(CONTACTS, asks=self._asked), DEALS, CALLS, MEETINGS, NOTES)
        self._hasher = Hasher(settings.secret(settings.privacy_key))
        self._token = secret(source, "access_token")
        open_http = partial(
            Http, str(source.options.get("base_url", "https://api.hubapi.com")), classify=classify, sleep=sleep,
            headers=lambda: {"authorization": f"Bearer {self._token}"}, refresh=self._reread)
        self._http = open_http(limits=limits(source, self.limits))
        self._search = open_http(limits=Limits(1, float(source.options.get("search_per_second", SEARCHES_PER_SECOND))))

    def _reread(self) -> None:
        """A private app's token may have been rotated on disk while the night ran."""
        self._token = secret(self._source, "access_token")

    def accounts(self) -> list[Account]:
        """The token's portal."""
        found = self._http.get("/account-info/v3/details").json()
        return [Account(str(found["portalId"]), str(found["timeZone"]), f"HubSpot {found['portalId']}",
                        found.get("companyCurrency"), str(found.get("accountType") or ""))]

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """Batches of what changed, then what is archived. Raises `crosscheck.errors` only."""
        kind = job.stream.name
        for ids in self._changed(job, kind):
            for start in range(0, len(ids), BATCH):
                yield self._batch(kind, ids[start:start + BATCH])
        yield from self._archived(job, kind)

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Pure; see `hubspot_map`."""
        envelope = Envelope.open(page.body)
        drift = mapping.drift(self._properties(job.stream.name), envelope)
        return mapped(job.stream, envelope.records, self._to_rows(job, envelope), drift)

    def _to_rows(self, job: Slice, envelope: Envelope) -> Callable[[dict[str, Any]], Rows]:
        if job.stream.name == "contacts":
            return partial(mapping.contact_rows, job, self._hasher, self._asked)
        rows = _TO_ROWS[job.stream.name]
        return lambda record: rows(job, record, envelope.contacts.get(str(record.get("id"))))

    def _properties(self, kind: str) -> tuple[str, ...]:
        """What is read of a record: of contacts, the portrait's answers too."""
        return (*mapping.PROPERTIES[kind], *(self._asked if kind == "contacts" else ()))

    def _changed(self, job: Slice, kind: str) -> Iterator[list[str]]:
        """Ids in ascending order, a page at a time."""
        last = 0
        while True:
            ids = self._search_after(job, kind, last)
            if ids:
                yield [str(each) for each in ids]
            if len(ids) < SEARCH_LIMIT:
                return
            last = ids[-1]

    def _search_after(self, job: Slice, kind: str, last: int) -> list[int]:
        """The next ids; an answer that contradicts itself is asked for once more."""
        for _ in range(2):
            answer = self._search.post(f"/crm/v3/objects/{kind}/search", _query(job, kind, last)).json()
            ids = [int(record["id"]) for record in results(answer)]
            promised = min(SEARCH_LIMIT, int(answer.get("total", len(ids))))
            if ids == sorted(set(ids)) and len(ids) >= promised and all(each > last for each in ids[:1]):
                return ids
        raise BrokenAnswer("a search answers out of order, with a page we had, or with fewer records than it promises")

    def _batch(self, kind: str, ids: list[str]) -> RawPage:
        """The records of some ids; those left out of a partial answer are asked for once more."""
        answers = [self._read(kind, ids)]
        missing, gone = _missing(ids, answers)
        if missing:
            answers.append(self._read(kind, missing))
            missing, more = _missing(ids, answers)
            gone |= more
        if missing:
            raise DataError(f"{len(missing)} of {len(ids)} records that a search found cannot be read",
                            fix="run again; if it stays, ask HubSpot about the portal's partial answers")
        links = [self._links(kind, ids)] if kind != "contacts" else []
        return page([each.body for each in answers], links, gone=len(gone))

    def _read(self, kind: str, ids: list[str]) -> Answer:
        history = list(mapping.HISTORY.get(kind, ()))
        return self._http.post(f"/crm/v3/objects/{kind}/batch/read", {
            "inputs": [{"id": each} for each in ids], "properties": list(self._properties(kind)),
            "propertiesWithHistory": history})

    def _links(self, kind: str, ids: list[str]) -> bytes:
        answer = self._http.post(f"/crm/v4/associations/{kind}/contacts/batch/read",
                                 {"inputs": [{"id": each} for each in ids]})
        results(answer.json())
        return answer.body

    def _archived(self, job: Slice, kind: str) -> Iterator[RawPage]:
        """The list of archived records knows no time filter: pages without a fresh one are left out."""
        return (each for each in walk(partial(self._archived_page, job, kind)) if each.notes["fresh"])

    def _archived_page(self, job: Slice, kind: str, after: str | None) -> Page:
        params = {"archived": "true", "limit": LIST_LIMIT, "properties": ",".join(self._properties(kind))}
        history = mapping.HISTORY.get(kind)
        more = {"propertiesWithHistory": ",".join(history)} if history else {}
        more |= {"associations": "contacts"} if kind != "contacts" else {}
        answer = self._http.get(f"/crm/v3/objects/{kind}", params | more | ({"after": after} if after else {}))
        tree = answer.json()
        found = results(tree)
        following = ((tree.get("paging") or {}).get("next") or {}).get("after")
        raw = page([answer.body], fresh=any(_is_fresh(job, record) for record in found))
        return Page(raw, following, ",".join(str(record.get("id")) for record in found).encode())


def _query(job: Slice, kind: str, last: int) -> dict[str, Any]:
    changed = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    filters = [_filter(changed, "LTE", _millis(job.as_of)), _filter("hs_object_id", "GT", str(last))]
    if job.since is not None:
        filters.append(_filter(changed, "GTE", _millis(job.since - job.stream.overlap)))
    return {"filterGroups": [{"filters": filters}], "properties": ["hs_object_id"], "limit": SEARCH_LIMIT,
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]}


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _millis(moment: Any) -> str:
    return str(int(moment.timestamp() * 1000))


def _missing(ids: list[str], answers: list[Answer]) -> tuple[list[str], set[str]]:
    """Which ids no answer holds, and which of the rest the vendor says are gone."""
    trees = [answer.json() for answer in answers]
    gone = {str(each) for tree in trees for error in tree.get("errors") or [] if error.get("category") in GONE
            for each in (error.get("context") or {}).get("ids") or []}
    found = {str(record.get("id")) for tree in trees for record in results(tree)}
    return [each for each in ids if each not in found and each not in gone], gone


def _is_fresh(job: Slice, record: dict[str, Any]) -> bool:
    """Archived since the last night, or at a moment that the vendor does not tell."""
    try:
        moment = instant(record.get("archivedAt"), "archivedAt")
    except Rejected:
        return True
    return job.since is None or moment is None or moment >= naive_utc(job.since - job.stream.overlap)
