"""`appeal file`, `sign`, `withdraw`, `list`: disputing what a lead is, without editing a total."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from crosscheck.cli.look import begun, show
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, following, note, print_json
from crosscheck.errors import ConfigError
from crosscheck.fields.appeals import APPEALABLE
from crosscheck.settings import load

if TYPE_CHECKING:
    from warehouse import Warehouse
    from warehouse.appeals import Word

Side = Annotated[Literal["marketing", "sales"], Parameter("--as", help="The side for which you speak.")]
Who = Annotated[str, Parameter(help="Who signs for that side, by name.")]
At = Annotated[datetime | None, Parameter(help="The clock of the act, with its zone; default now.")]
_OTHER = {"marketing": "sales", "sales": "marketing"}


def file(lead: str, state: str, *, side: Side, who: Who, why: str, evidence: str, since: datetime | None = None,
         never: Annotated[bool, Parameter(negative=())] = False, at: At = None, config: Config = None,
         as_json: Json = False) -> int:
    """Say what a lead really was. It shows at once, and counts when the other side has signed.

    Example: `crosscheck appeal file hubspot/42 reached --since 2026-11-03T10:15+07:00 --as sales --who "Bình"
    --why "called from the showroom" --evidence "call 8812"`

    Parameters
    ----------
    lead: a configured source and the lead's id there, as SOURCE/LEAD_ID.
    state: attempted, reached, hot, potential, wrong_target, invalid_contact or lost.
    why: the reason, for the other side to judge.
    evidence: what it rests on: a call's id, a message, a paper.
    since: from when on the lead was in that state, with its zone.
    never: instead of --since: the lead never was in that state, whatever the records say.
    """
    from warehouse import appeals

    claim = appeals.Claim(*_lead(lead), _state(state), _since(since, never, at))
    spoken = _word(side, who, at, why=why, evidence=evidence)
    with _writing(config) as wh:
        appeal_id = appeals.file(wh, claim, spoken)
        return _answer(wh, appeal_id, as_json=as_json)


def sign(appeal_id: str, *, side: Side, who: Who, why: str = "", at: At = None, config: Config = None,
         as_json: Json = False) -> int:
    """Agree with an appeal of the other side: from the next night on it counts.

    Example: `crosscheck appeal sign 0a1b2c3d4e5f --as marketing --who "An"`

    Parameters
    ----------
    appeal_id: as `crosscheck appeal list` shows it.
    why: a word to it, if there is any.
    """
    from warehouse import appeals

    with _writing(config) as wh:
        appeals.sign(wh, appeal_id, _word(side, who, at, why=why or None))
        return _answer(wh, appeal_id, as_json=as_json)


def withdraw(appeal_id: str, *, side: Side, who: Who, why: str, at: At = None, config: Config = None,
             as_json: Json = False) -> int:
    """Take your side's signature back: from the next night on the records hold again. The appeal stays on record.

    Example: `crosscheck appeal withdraw 0a1b2c3d4e5f --as sales --who "Bình" --why "the call was another customer's"`

    Parameters
    ----------
    appeal_id: as `crosscheck appeal list` shows it.
    why: the reason.
    """
    from warehouse import appeals

    with _writing(config) as wh:
        appeals.withdraw(wh, appeal_id, _word(side, who, at, why=why))
        return _answer(wh, appeal_id, as_json=as_json)


def list_(*lead: str, config: Config = None, as_json: Json = False) -> int:
    """Every act on every appeal, or on those about some leads: who said what, when, why, on what evidence.

    Example: `crosscheck appeal list hubspot/42`

    Parameters
    ----------
    lead: only appeals about these leads, each as SOURCE/LEAD_ID.
    """
    import sqlalchemy as sa

    from warehouse import appeals, open_warehouse, ops

    key = sa.tuple_(ops.appeal.c.source, ops.appeal.c.lead_id)
    where = [key.in_([_lead(each) for each in lead])] if lead else []
    with open_warehouse(load(config), lock=False) as wh, begun(), wh.engine.connect() as conn:
        found = [dict(row) for row in appeals.told(conn, *where)]
    if as_json:
        print_json({"appeals": found})
    elif found:
        show("appeals", found)
    else:
        note("no appeal was filed")
    return 0


@contextmanager
def _writing(config: Any) -> Iterator[Warehouse]:
    """The warehouse, written by us alone: while a night runs an appeal waits for it to end."""
    from warehouse import migrations, open_warehouse

    with open_warehouse(load(config), wait=5) as wh:
        migrations.migrate(wh)
        yield wh


def _answer(wh: Warehouse, appeal_id: str, *, as_json: bool) -> int:
    """What is on record of an appeal now, and what comes next."""
    from warehouse import appeals, ops

    with wh.engine.connect() as conn:
        acts = [dict(row) for row in appeals.told(conn, ops.appeal.c.appeal_id == appeal_id)]
    signed = {act["side"] for act in acts if act["act"] == appeals.SIGNED}
    withdrawn = any(act["act"] == appeals.WITHDRAWN for act in acts)
    status = "withdrawn" if withdrawn else "binding" if len(signed) == len(_OTHER) else "pending"
    if as_json:
        print_json({"appeal_id": appeal_id, "status": status, "acts": acts})
        return 0
    note(f"appeal {appeal_id} is {status}")
    if status == "pending":
        other = _OTHER[signed.pop()]
        following(f"crosscheck appeal sign {appeal_id} --as {other} --who NAME; until then it changes no number")
    else:
        following("crosscheck run; the night judges this lead anew")
    return 0


def _lead(text: str) -> tuple[str, str]:
    source, _, lead_id = text.partition("/")
    if not source or not lead_id:
        raise UsageError(f"{text!r} is not SOURCE/LEAD_ID", fix="write hubspot/42")
    return source, lead_id


def _state(state: str) -> str:
    if state in APPEALABLE:
        return state
    if state in ("closed", "assigned"):
        raise ConfigError(f"{state} follows the CRM's own deals and hand-overs", fix="correct the record in the CRM")
    raise UsageError(f"no state {state!r}", fix=f"one of {', '.join(APPEALABLE)}")


def _since(since: datetime | None, never: bool, at: datetime | None) -> datetime | None:
    from crosscheck.cli.run import moment

    if (since is None) != never:
        raise UsageError("an appeal says since when, or that it never was",
                         fix="give either --since 2026-11-03T10:15+07:00 or --never")
    if since is not None and moment(since) > moment(at):
        raise UsageError(f"{since.isoformat()} is yet to come", fix="an appeal is about what has happened")
    return None if since is None else moment(since)


def _word(side: str, who: str, at: datetime | None, *, why: str | None = None, evidence: str | None = None) -> Word:
    from crosscheck.cli.run import moment
    from warehouse.appeals import Word

    given = {"--who": who, "--why": why, "--evidence": evidence}
    if empty := [name for name, text in given.items() if text is not None and not text.strip()]:
        raise UsageError(f"{empty[0]} is empty", fix="an appeal names who, why and the evidence")
    return Word(side, who, moment(at), why, evidence)
