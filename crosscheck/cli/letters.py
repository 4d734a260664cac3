"""`letters`: what either side tells the other, to look at or to send."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck.cli.look import begun
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, following, note, print_json, table
from crosscheck.errors import ConfigError
from crosscheck.settings import Person, Settings, load

if TYPE_CHECKING:
    from flows.letters import Sent
    from report.letters.post import Parcel

_LANGUAGES = ("vi", "en")


def letters(*, day: date | None = None, weekly: bool = False, preview: Path | None = None, send: bool = False,
            again: bool = False, config: Config = None, as_json: Json = False) -> int:
    """The daily letters, or the weekly pack: who gets which, as files to look at, or on their way.

    A letter of a day is delivered once to each person, however often this is called. Example: `crosscheck letters
    --preview var/letters`

    Parameters
    ----------
    day: which day; default the last one that is over and published.
    weekly: the pack of the week that was over on that day, instead of the daily letters.
    preview: write the letters to this folder: HTML, plain text, chat text, mail and workbook.
    send: deliver to the people of the configuration what they have not got yet.
    again: with --send, also what was being handed over when a process was killed, and may have arrived.
    """
    from report.letters.post import DAILY, compose, last_day, week_of
    from report.letters.weekly import WEEKLY

    settings = load(config)
    if send and not settings.letters.people:
        raise ConfigError("nobody is configured to get letters",
                          fix="name them as [[letters.people]] in crosscheck.toml")
    if again and not send:
        raise UsageError("--again goes with --send", fix="crosscheck letters --send --again")
    wanted = day or last_day(settings)
    wanted, kind = (week_of(wanted), WEEKLY) if weekly else (wanted, DAILY)
    now = datetime.now(UTC)
    parcels = compose(settings, wanted, (kind,), settings.letters.people or _anybody())
    files = [str(file) for parcel in parcels for file in _written(parcel, preview, now)]
    sent = _send(settings, wanted, kind, now, again=again) if send else None
    _show(parcels, files, sent, as_json=as_json)
    return 8 if sent and (sent.failed or sent.uncertain) else 0


def _anybody() -> list[Person]:
    """Heads of both sides in every language, for a first look."""
    return [Person(name=f"{side} {language}", side=side, language=language, role="head", channel="env:NOBODY")
            for side in ("marketing", "sales") for language in _LANGUAGES]


def _written(parcel: Parcel, preview: Path | None, now: datetime) -> list[Path]:
    from report.letters.preview import write

    return [] if preview is None else write(parcel, preview, now)


def _send(settings: Settings, day: date, kind: str, now: datetime, *, again: bool) -> Sent:
    from flows.letters import deliver, write
    from warehouse import open_warehouse

    with open_warehouse(settings, wait=5) as wh, begun():
        write(wh, settings, day, (kind,), now)
        return deliver(wh, settings, now, again=again)


def _show(parcels: list[Parcel], files: list[str], sent: Sent | None, *, as_json: bool) -> None:
    shown = [{"to": parcel.person.name, "letter": parcel.letter.kind, "day": parcel.day,
              "language": parcel.letter.language, "subject": parcel.letter.subject} for parcel in parcels]
    if as_json:
        print_json({"letters": shown, "files": files, "delivery": sent})
        return
    table("letters", ("to", "letter", "day", "language", "subject"), [list(row.values()) for row in shown])
    for file in files:
        note(file)
    if sent:
        note(f"{sent.sent} sent, {sent.failed} not delivered, {sent.uncertain} perhaps delivered, "
             f"{sent.given_up} given up")
    if sent and sent.uncertain:
        following("crosscheck letters --send --again")
    if not files and sent is None:
        following("crosscheck letters --preview FOLDER shows them, --send delivers them")
