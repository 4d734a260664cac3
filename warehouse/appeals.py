"""Appeals as they are filed: an appeal is a claim about one lead's state, and counts once both departments signed it.

A total is never edited. What was filed, signed or withdrawn is a row of its own, written once; said twice it is there
once. Each act marks its lead, so that the next night judges that lead anew, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD, LEAD_MERGE
from crosscheck.errors import ConfigError
from crosscheck.rules import content_version
from warehouse import ddl, dirty, ops
from warehouse.engine import Warehouse, naive_utc

SIGNED, WITHDRAWN = "signed", "withdrawn"


@dataclass(frozen=True)
class Claim:
    """That a lead is in a state since an instant; without one, that it never was."""

    source: str
    lead_id: str
    state: str
    since: datetime | None

    @property
    def name(self) -> str:
        """Names the claim by what it says, so that whoever says it again says the same."""
        since = naive_utc(self.since).isoformat() if self.since else "never"
        return content_version("|".join((self.source, self.lead_id, self.state, since)))


@dataclass(frozen=True)
class Word:
    """Who speaks for which side, when, and why."""

    side: str
    who: str
    at: datetime
    why: str | None = None
    evidence: str | None = None


def file(wh: Warehouse, claim: Claim, word: Word) -> str:
    """File an appeal with its side's signature, and return its id. The claim that is there already is signed instead;
    one that was withdrawn is filed anew. Raises ConfigError for a lead that nobody has read.
    """
    def work(conn: sa.Connection) -> str:
        _must_be_known(conn, claim)
        appeal_id, is_new = _named(conn, claim)
        if is_new:
            conn.execute(sa.insert(ops.appeal).values(
                appeal_id=appeal_id, source=claim.source, lead_id=claim.lead_id, state=claim.state,
                since_at=naive_utc(claim.since) if claim.since else None, side=word.side, filed_at=naive_utc(word.at)))
        _act(conn, appeal_id, SIGNED, word)
        return appeal_id

    return wh.write(work)


def sign(wh: Warehouse, appeal_id: str, word: Word) -> None:
    """Put a side's signature under an appeal. Raises ConfigError when there is none, or it was withdrawn."""
    def work(conn: sa.Connection) -> None:
        if WITHDRAWN in {act.act for act in _acts(conn, appeal_id)}:
            raise ConfigError(f"appeal {appeal_id} was withdrawn", fix="crosscheck appeal file files it anew")
        _act(conn, appeal_id, SIGNED, word)

    wh.write(work)


def withdraw(wh: Warehouse, appeal_id: str, word: Word) -> None:
    """Take a side's signature back, for good: the records hold again. Raises ConfigError where there is none."""
    def work(conn: sa.Connection) -> None:
        acts = _acts(conn, appeal_id)
        if (SIGNED, word.side) not in {(act.act, act.side) for act in acts}:
            raise ConfigError(f"{word.side} has not signed appeal {appeal_id}",
                              fix="nothing: what you do not sign does not count")
        if WITHDRAWN not in {act.act for act in acts}:
            _act(conn, appeal_id, WITHDRAWN, word)

    wh.write(work)


def told(conn: sa.Connection, *where: sa.ColumnElement[bool]) -> Sequence[sa.RowMapping]:
    """Every act on the chosen appeals, in the order in which they were filed, with the words that were given."""
    appeal, act = ops.appeal, ops.appeal_act
    mine = (act.c[name] for name in ("act", "who", "why", "evidence", "acted_at"))
    query = (sa.select(*(column for column in appeal.c if column.name != "side"), act.c.side, *mine)
             .join(act, act.c.appeal_id == appeal.c.appeal_id).where(*where)
             .order_by(appeal.c.filed_at, appeal.c.appeal_id, act.c.acted_at, act.c.act, act.c.side))
    return conn.execute(query).mappings().all()


def _must_be_known(conn: sa.Connection, claim: Claim) -> None:
    for record in (LEAD, LEAD_MERGE):
        lead = ddl.table(record)
        if conn.execute(sa.select(lead.c.lead_id).where(lead.c.source == claim.source,
                                                        lead.c.lead_id == claim.lead_id)).first():
            return
    raise ConfigError(f"no night has read a lead {claim.lead_id} of {claim.source}",
                      fix="crosscheck trace MART KEY names the leads behind a number")


def _named(conn: sa.Connection, claim: Claim) -> tuple[str, bool]:
    """The id of the claim, and whether it is yet to be filed: a withdrawn one gets a number behind its name."""
    base, taken = claim.name, ops.appeal_act.c
    of_it = taken.appeal_id.startswith(base, autoescape=True)
    gone = conn.scalar(sa.select(sa.func.count()).where(of_it, taken.act == WITHDRAWN)) or 0
    appeal_id = f"{base}-{gone + 1}" if gone else base
    there = sa.select(ops.appeal.c.appeal_id).where(ops.appeal.c.appeal_id == appeal_id)
    return appeal_id, conn.execute(there).first() is None


def _acts(conn: sa.Connection, appeal_id: str) -> Sequence[sa.Row[Any]]:
    found = conn.execute(sa.select(ops.appeal_act).where(ops.appeal_act.c.appeal_id == appeal_id)).all()
    if not found:
        raise ConfigError(f"no appeal {appeal_id}", fix="crosscheck appeal list")
    return found


def _act(conn: sa.Connection, appeal_id: str, act: str, word: Word) -> None:
    """Note an act, once, and that its lead has to be judged anew."""
    c = ops.appeal_act.c
    if conn.execute(sa.select(c.act).where(c.appeal_id == appeal_id, c.side == word.side, c.act == act)).first():
        return
    conn.execute(sa.insert(ops.appeal_act).values(
        appeal_id=appeal_id, side=word.side, act=act, who=word.who, why=word.why, evidence=word.evidence,
        acted_at=naive_utc(word.at)))
    dirty.mark_leads(conn, sa.select(ops.appeal.c.source, ops.appeal.c.lead_id)
                     .where(ops.appeal.c.appeal_id == appeal_id))
