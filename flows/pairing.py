"""Who may be told by a Zalo bot: nobody, until a person wrote the bot a code that the operator gave him."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crosscheck.errors import ConfigError
from flows.zalo import Bot

_WAIT_SECONDS = 30


@dataclass(frozen=True)
class Writer:
    """Somebody who wrote the code to the bot."""

    chat_id: str
    name: str


def code() -> str:
    """Four digits, drawn by lot."""
    return f"{secrets.randbelow(10_000):04}"


def name_of(bot: Bot) -> str:
    """How the bot is called; raises ConfigError for a token that Zalo refuses."""
    me = bot.call("getMe")
    return str(me.get("account_name") or me.get("display_name") or me.get("id")) if isinstance(me, dict) else "?"


def waiting(bot: Bot, wanted: str, patience: float, clock: Callable[[], float] = time.monotonic) -> Writer:
    """Whoever writes the code first. What others write is read and forgotten. Raises ConfigError when nobody does."""
    until = clock() + patience
    while (left := until - clock()) > 0:
        update = bot.call("getUpdates", wait=_WAIT_SECONDS, timeout=max(1, min(_WAIT_SECONDS, int(left))))
        for message in _messages(update):
            if str(message.get("text") or "").strip() == wanted:
                return _writer(message)
    raise ConfigError("nobody wrote the code to the bot in time",
                      fix="crosscheck alerts pair zalo; the person must open the bot in Zalo and send the code")


def _messages(update: Any) -> Iterator[dict[str, Any]]:
    """Zalo hands out one update at a time; some gateways hand out a list of them."""
    for each in update if isinstance(update, list) else [update]:
        if isinstance(each, dict) and isinstance(each.get("message"), dict):
            yield each["message"]


def _writer(message: dict[str, Any]) -> Writer:
    chat, sender = message.get("chat") or {}, message.get("from") or {}
    return Writer(str(chat.get("id") or sender.get("id") or ""), str(sender.get("display_name") or "without a name"))
