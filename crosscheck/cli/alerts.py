"""`alerts test`, `alerts pair`: whether those who should be told can be, before a night needs them."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, following, note, print_json, table
from crosscheck.errors import ConfigError
from crosscheck.redact import redact
from crosscheck.settings import Channel, SecretRef, Settings, load


def send_test(channel: str = "", *, config: Config = None, as_json: Json = False) -> int:
    """Send every channel, or one, a test message, and say of each whether it took it or why not.

    Example: `crosscheck alerts test sales_zalo`

    Parameters
    ----------
    channel: its name, or its reference where it has no name; default all.
    """
    settings = load(config)
    found = [{"channel": each.name, "severities": ", ".join(each.severities), "language": each.language,
              "audience": each.audience, "failed": _sent(settings, each)} for each in _chosen(settings, channel)]
    if as_json:
        print_json({"channels": found, "ok": not any(each["failed"] for each in found)})
    else:
        table("test messages", ("channel", "hears of", "language", "as", "result"),
              [(each["channel"], each["severities"], each["language"], each["audience"],
                f"✗ {each['failed']}" if each["failed"] else "✓ delivered") for each in found])
    if any(each["failed"] for each in found):
        if not as_json:
            following("docs/runbooks/alerts.md says what each refusal means")
        return 8
    return 0


def _chosen(settings: Settings, name: str) -> list[Channel]:
    routes = {each.name: each for each in settings.alerts.routes}
    if not routes:
        raise ConfigError("nobody is told of anything", fix="set alerts.critical, or add [[alerts.channels]]")
    if name and name not in routes:
        raise UsageError(f"no channel is called {name!r}", fix=f"one of {', '.join(routes)}")
    return [each for each in routes.values() if name in ("", each.name)]


def _sent(settings: Settings, channel: Channel) -> str:
    """Why not; the empty text when the channel took it."""
    from flows.channels import send
    from report.notices import trial
    from report.words import Language

    notice, language = trial(settings), Language(channel.language)
    try:
        address = settings.secret(channel.url)
    except ConfigError as error:
        return redact(str(error))
    return send(address, notice.title_in(language), notice.body(language, channel.audience), critical=False)


def pair(service: Literal["zalo"], *, patience: float = 180,
         ref: Annotated[str, Parameter("--token")] = "env:ZALO_BOT_TOKEN",
         yes: Annotated[bool, Parameter("--yes", negative=(), help="Pair whoever writes the code, unasked.")] = False,
         as_json: Json = False) -> int:
    """Find the chat of a person who shall be told by a Zalo bot. He writes the bot a code that is shown here.

    Example: `crosscheck alerts pair zalo --token env:ZALO_BOT_TOKEN`

    Parameters
    ----------
    ref: where the bot's token is, by reference, as Zalo Bot Manager gave it.
    patience: how many seconds to wait for the person.
    """
    from pathlib import Path

    from flows.pairing import code, name_of, waiting
    from flows.zalo import Bot

    if not ref.startswith(("env:", "file:")):
        raise UsageError("--token is a reference, never the token itself", fix="--token env:ZALO_BOT_TOKEN")
    bot, wanted = Bot(SecretRef(ref=ref).resolve(Path())), code()
    note(f"Ask the person to open {redact(name_of(bot))} in Zalo and to send it: {wanted}")
    writer = waiting(bot, wanted, patience)
    note(f"{writer.name} wrote {wanted} (chat {writer.chat_id}).")
    if not (yes or _agreed(f"Shall {writer.name} be told of alerts? [y/N] ")):
        raise ConfigError("nobody was paired", fix="crosscheck alerts pair zalo")
    address = f"zalo://TOKEN/{writer.chat_id}"
    if as_json:
        print_json({"service": service, "name": writer.name, "chat_id": writer.chat_id, "address": address})
        return 0
    table("paired", ("name", "chat id", "address for the channel's secret"), [(writer.name, writer.chat_id, address)])
    following("put the address, with the bot's token for TOKEN, into the secret that the channel's url names; then: "
              "crosscheck alerts test")
    return 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm", fix="--yes, if whoever knows the code may be told")
    note(question)
    return sys.stdin.readline().strip().casefold() in ("y", "yes", "c", "có")
