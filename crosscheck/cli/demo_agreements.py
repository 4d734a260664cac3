"""What the demo's two departments agree on between its nights: signed in the rule files, and filed as appeals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck.settings import load
from crosscheck.windows import local_day

if TYPE_CHECKING:
    from sandbox.model import Appeal, Company, Ruling
    from warehouse import Warehouse

_UNSIGNED, _SINCE = r"^signed_by: .*$", r"^effective_from: .*$"


def settle(company: Company, config: Path, as_of: datetime) -> Iterator[str]:
    """Write down what was agreed on by `as_of`, and say it; what is written down already stays as it is.

    An appeal needs the warehouse that the night before has filled.
    """
    yield from sign_rules(company, config.parent / "rules/lead_states", as_of)
    if any(appeal.filed_at <= as_of for appeal in company.appeals):
        from warehouse import migrations, open_warehouse

        with open_warehouse(load(config)) as wh:
            migrations.migrate(wh)
            yield from file_appeals(company, wh, as_of)


def sign_rules(company: Company, folder: Path, as_of: datetime) -> Iterator[str]:
    """What statuses mean by then, in the files of a folder."""
    for ruling in company.rulings:
        if ruling.at <= as_of:
            yield _rule(ruling, folder, company.business_zone)


def file_appeals(company: Company, wh: Warehouse, as_of: datetime) -> Iterator[str]:
    """The appeals that were filed and signed by then."""
    for appeal in company.appeals:
        if appeal.filed_at <= as_of:
            yield _appeal(wh, appeal, as_of)


def _rule(ruling: Ruling, folder: Path, zone: str) -> str:
    """The status's new meaning in its CRM's file, and both signatures under the meanings of every CRM."""
    from sandbox.agreements import SIGNATORIES

    signed = ", ".join(f"{side}: {who}" for side, who in SIGNATORIES.items())
    for file in sorted(folder.glob("*.yaml")):
        new = {_UNSIGNED: f"signed_by: {{{signed}}}"}
        if file.stem == ruling.crm:
            new |= {rf"^(    {ruling.value}:) .*$": rf"\1 [{', '.join(ruling.states)}]",
                    _SINCE: f"effective_from: {local_day(ruling.at, zone).isoformat()}"}
        text = file.read_text(encoding="utf-8")
        for line, other in new.items():
            text = re.sub(line, other, text, count=1, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")
    return f"both departments signed: {ruling.crm}'s {ruling.value!r} means {' and '.join(ruling.states)}"


def _appeal(wh: Warehouse, appeal: Appeal, as_of: datetime) -> str:
    from sandbox.agreements import SIGNATORIES
    from warehouse import appeals

    claim = appeals.Claim(appeal.crm, appeal.lead_id, appeal.state, appeal.since)
    word = appeals.Word(appeal.side, SIGNATORIES[appeal.side], appeal.filed_at, appeal.why, appeal.evidence)
    name, other = appeals.file(wh, claim, word), "sales" if appeal.side == "marketing" else "marketing"
    is_signed = appeal.signed_at is not None and appeal.signed_at <= as_of
    if is_signed and appeal.signed_at is not None:
        appeals.sign(wh, name, appeals.Word(other, SIGNATORIES[other], appeal.signed_at))
    said = f"never {appeal.state}" if appeal.since is None else appeal.state
    return (f"{appeal.side} appealed: lead {appeal.crm}/{appeal.lead_id} was {said}; "
            + (f"{other} signed" if is_signed else f"{other} has not signed"))
