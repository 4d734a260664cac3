"""A Prefect server as `doctor` and `deploy` speak to it: plain HTTP, and a refusal is a sentence with the next step.

Prefect's own client takes seconds to import and answers a wrong password with a traceback.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any

from crosscheck.errors import ConfigError

_TIMEOUT_SECONDS = 10.0
_PAGE = 200
_TRIES = 6  # SQLite, one of whose writers is at work, answers 503


class Missing(ConfigError):
    """The server knows nothing of that name."""


class Server:
    """The server at an address such as http://127.0.0.1:4200/api."""

    def __init__(self, api: str) -> None:
        self._api = api.rstrip("/")

    @classmethod
    def from_environment(cls) -> Server:
        """The one at PREFECT_API_URL. Raises ConfigError where none is named.

        Prefect would start one of its own then, which plans nothing and ends with the command.
        """
        if api := os.environ.get("PREFECT_API_URL"):
            return cls(api)
        raise ConfigError("no PREFECT_API_URL is set: which server?",
                          fix="prefect server start; then export PREFECT_API_URL=http://127.0.0.1:4200/api")

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """GET, or POST with a body, or another method; PREFECT_API_AUTH_STRING goes along.

        Raises Missing for a 404, ConfigError for everything else that is not an answer.
        """
        for attempt in range(_TRIES):
            try:
                return _answer(self._request(path, body, method))
            except urllib.error.HTTPError as error:
                with error:  # it holds the connection
                    if error.code != 503 or attempt == _TRIES - 1:
                        raise _refused(error, path) from None
                time.sleep(1)
            except (OSError, ValueError):
                break
        raise ConfigError("no Prefect server answers at PREFECT_API_URL",
                          fix="prefect server start, or systemctl status crosscheck-server")

    def every(self, path: str, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """All pages of a filter."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask(path, {**(body or {}), "limit": _PAGE, "offset": len(found)})
            found += page
            if len(page) < _PAGE:
                return found

    def find(self, path: str) -> dict[str, Any] | None:
        """What is at a path, or None."""
        try:
            return dict(self.ask(path))
        except Missing:
            return None

    def _request(self, path: str, body: Any, method: str | None) -> urllib.request.Request:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 -- the operator's own address
            self._api + path, data, {"Content-Type": "application/json"}, method=method)
        if known := os.environ.get("PREFECT_API_AUTH_STRING"):
            request.add_header("Authorization", f"Basic {b64encode(known.encode()).decode()}")
        return request


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None


def _refused(error: urllib.error.HTTPError, path: str) -> ConfigError:
    if error.code in {401, 403}:
        return _unknown(error.code)
    if error.code == 404:
        return Missing(f"Prefect's server answers 404 to {path}", fix="crosscheck deploy")
    return ConfigError(f"Prefect's server answers {error.code} to {path}: {_detail(error)}",
                       fix="read the server's log: journalctl -u crosscheck-server")


def _unknown(code: int) -> ConfigError:
    """The server lets nobody in without its password; what is wrong with ours."""
    if os.environ.get("PREFECT_API_AUTH_STRING"):
        return ConfigError(f"Prefect's server refuses the password ({code})", fix="make PREFECT_API_AUTH_STRING equal "
                           "to the server's PREFECT_SERVER_API_AUTH_STRING, USER:PASSWORD")
    return ConfigError(f"Prefect's server wants a password ({code}) and none is set", fix="set PREFECT_API_AUTH_STRING "
                       "to the server's PREFECT_SERVER_API_AUTH_STRING, USER:PASSWORD")


def _detail(error: urllib.error.HTTPError) -> str:
    return error.read(300).decode(errors="replace")
