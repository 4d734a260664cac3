"""Zalo's Bot API, as far as an alert needs it, and apprise's plug-in over it: `zalo://TOKEN/CHAT_ID`.

Apprise has it from 2.2 on, under the same address; Prefect 3.8 forbids that version, and when it lets it in this file
goes. The token stands in the URL of every call, so no URL may reach a text. An answer with status 200 may be a refusal.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from apprise import NotificationManager, NotifyBase

from crosscheck.errors import BrokenAnswer, ConfigError, CrosscheckError, QuotaExhausted, TryAgain
from crosscheck.redact import register_secret

BASE = "https://bot-api.zaloplatforms.com"
CHARACTERS = 2_000
_TIMEOUT_SECONDS = 10.0
_NOTHING_YET = 408


class Bot:
    """A bot by its token. `base` is another server's address, for a proxy or a test."""

    def __init__(self, token: str, base: str = "") -> None:
        self._url = f"{(base or BASE).rstrip('/')}/bot{register_secret(token)}"

    def call(self, method: str, wait: float = 0, **payload: object) -> Any:
        """The result of a method, None when it waited in vain. Raises `crosscheck.errors` for every refusal."""
        try:
            answer = requests.post(f"{self._url}/{method}", json=payload, timeout=_TIMEOUT_SECONDS + wait,
                                   allow_redirects=False)
            said = answer.json()
        except requests.JSONDecodeError:
            raise BrokenAnswer("Zalo's answer is no JSON", fix="try again; is a proxy between?") from None
        except requests.RequestException as error:
            raise TryAgain(f"Zalo did not answer ({type(error).__name__})", fix="look at the network") from None
        if isinstance(said, dict) and answer.ok and said.get("ok") is True:
            return said.get("result")
        refusal = _refusal(said if isinstance(said, dict) else {}, answer.status_code)
        if refusal is not None:
            raise refusal
        return None


def _refusal(said: dict[str, Any], status: int) -> CrosscheckError | None:
    code, why = said.get("error_code") or status, str(said.get("description") or "no reason given")[:200]
    if code == _NOTHING_YET:
        return None
    if code in (401, 403, 404):
        return ConfigError(f"Zalo refused the bot's token ({code}: {why})", fix="copy it again from Zalo Bot Manager")
    if code == 429:
        return QuotaExhausted(f"the bot's quota is used up ({why})", fix="nothing: the next run delivers what waits")
    return CrosscheckError(f"Zalo refused ({code}: {why})", fix="crosscheck alerts pair zalo")


def cut(text: str) -> str:
    """A text that Zalo takes whole; of a longer one the beginning, and its last line, which says where the rest is."""
    if len(text) <= CHARACTERS:
        return text
    end = "\n…\n" + text.rstrip().rpartition("\n")[2][:300]
    return text[:CHARACTERS - len(end)] + end


class NotifyZalo(NotifyBase):  # type: ignore[misc]  # apprise is not typed
    """One chat of one bot; plain text, because names of campaigns hold what a markup would read."""

    service_name = "Zalo Bot"
    service_url = "https://bot.zaloplatforms.com"
    secure_protocol = "zalo"
    title_maxlen = 0
    body_maxlen = 100_000  # cut by `cut`, not by apprise
    templates = ("{schema}://{token}/{chat_id}",)

    def __init__(self, token: str, chat_id: str, base: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chat_id, self.bot = chat_id, Bot(token, base)

    def send(self, body: str, title: str = "", **_kwargs: Any) -> bool:
        """One message; what Zalo answers to it is heard by `flows.channels`."""
        try:
            self.bot.call("sendMessage", chat_id=self.chat_id, text=cut(body))
        except CrosscheckError:
            return False
        return True

    def url(self, privacy: bool = False, *_args: Any, **_kwargs: Any) -> str:
        """Never the token: nothing of ours needs the address back."""
        return f"zalo://****/{self.chat_id}"

    @staticmethod
    def parse_url(url: str, *_args: Any, **_kwargs: Any) -> dict[str, Any] | None:
        """Token and chat, either percent-encoded or as it is: a token holds a colon."""
        found = re.match(r"zalo://([^/?]+)/([^/?]+)", url)
        if found is None:
            return None
        base = parse_qs(urlsplit(url).query).get("base", [""])[0]
        return {"schema": "zalo", "token": unquote(found[1]), "chat_id": unquote(found[2]), "base": base}


def install() -> None:
    """Make apprise know the address; once is enough."""
    manager = NotificationManager()
    if "zalo" not in manager:
        manager.add(NotifyZalo)
