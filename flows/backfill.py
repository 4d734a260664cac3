"""A range of days again, in chunks that are nights of their own: read, checked, staged, built, published."""

from __future__ import annotations

from datetime import datetime

from crosscheck.settings import Settings
from crosscheck.windows import Window
from flows.night import Night, night
from flows.runner import Runner
from warehouse import history, migrations, open_warehouse


def backfill(settings: Settings, window: Window, as_of: datetime, *, only: tuple[str, ...], chunk_days: int,
             runner: Runner, again: bool = False) -> list[Night]:
    """Every chunk that was not published before, or with `again` every chunk; stops at the first unpublished one."""
    results: list[Night] = []
    for piece in todo(settings, window, only, chunk_days, again=again):
        results.append(play_chunk(settings, piece, as_of, only=only, runner=runner))
        if not results[-1].published:
            break
    return results


def todo(settings: Settings, window: Window, only: tuple[str, ...], chunk_days: int, *,
         again: bool = False) -> list[Window]:
    """The chunks that are still to do, oldest first. A chunk is known by its sources and days, whenever it ran."""
    with open_warehouse(settings) as wh:
        migrations.migrate(wh)
        done = set() if again else history.published_kinds(wh)
    return [piece for piece in window.chunks(chunk_days) if kind(piece, only) not in done]


def play_chunk(settings: Settings, piece: Window, as_of: datetime, *, only: tuple[str, ...], runner: Runner) -> Night:
    """One chunk. An unfinished one is resumed under its own clock."""
    return night(settings, as_of, kind=kind(piece, only), window=piece, only=only, runner=runner, resume=True)


def kind(piece: Window, only: tuple[str, ...]) -> str:
    """How the ledger names a chunk."""
    return f"backfill {'+'.join(sorted(only)) or 'all'} {piece}"
