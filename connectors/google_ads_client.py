"""Google's own client, on our own way out.

google-api-python-client builds the requests from a discovery document and google-auth keeps the access token; the bytes
travel through `connectors.http`, so that deadlines, caps, patience and the fixed origin hold here too.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import google.auth.transport
import httplib2
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.model import RawModel

from connectors.base import Limits
from connectors.credentials import limits, secret
from connectors.google_ads_errors import classify, classify_token
from connectors.http import Http
from connectors.retry import Sleeper
from connectors.versions import PINNED
from crosscheck.errors import ConfigError, DataError, Retriable
from crosscheck.redact import register_secret
from crosscheck.settings import Source

ENDPOINT = "https://googleads.googleapis.com"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_KEPT_HEADERS = ("content-type", "login-customer-id")


@dataclass(frozen=True)
class _TokenAnswer:
    """What google-auth expects of a transport."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _TokenTransport(google.auth.transport.Request):  # type: ignore[misc]
    """google-auth's way to the token endpoint, and to nothing else."""

    def __init__(self, token_uri: str, sleep: Sleeper) -> None:
        parts = urlsplit(token_uri)
        self._base, self._path = f"{parts.scheme}://{parts.netloc}", parts.path
        self._http = Http(self._base, limits=Limits(1, 5.0), classify=classify_token, sleep=sleep)

    def __call__(self, url: str, method: str = "GET", body: bytes | None = None,
                 headers: Mapping[str, str] | None = None, **_: Any) -> _TokenAnswer:
        if url != self._base + self._path:
            raise DataError("refused to send credentials to an address that is not the configured token endpoint")
        answer = self._http.request(method, self._path, content=body, headers=headers or {})
        return _TokenAnswer(answer.status, answer.headers, answer.body)


class _Auth:
    """The headers of every request: an access token, renewed when it is stale or refused, and the developer token."""

    def __init__(self, source: Source, sleep: Sleeper) -> None:
        token_uri = str(source.options.get("token_uri", TOKEN_URI))
        self._source, self._lock = source, threading.Lock()
        self._transport = _TokenTransport(token_uri, sleep)
        self._credentials = Credentials(
            token=None, refresh_token=secret(source, "refresh_token"), token_uri=token_uri,
            client_id=secret(source, "client_id"), client_secret=secret(source, "client_secret"))
        self._developer_token = secret(source, "developer_token")

    def headers(self) -> dict[str, str]:
        """Authorization and developer token."""
        if not self._credentials.valid:
            self.refresh()
        return {"Authorization": f"Bearer {self._credentials.token}", "developer-token": self._developer_token}

    def refresh(self) -> None:
        """A new access token. Raises ConfigError when the grant is dead."""
        with self._lock:
            try:
                self._credentials.refresh(self._transport)
            except GoogleAuthError as error:
                raise ConfigError(f"no access token to be had ({type(error).__name__})",
                                  fix="renew client_id, client_secret or refresh_token of this source") from None
            register_secret(self._credentials.token)


class _Httplib2Face:
    """What google-api-python-client takes for httplib2: one method, answered by our Http."""

    def __init__(self, http: Http, base: str) -> None:
        self._http, self._base = http, base

    def request(self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None,
                **_: Any) -> tuple[httplib2.Response, bytes]:
        """One request with a good answer, or a `crosscheck.errors`."""
        if not uri.startswith(self._base + "/"):
            raise DataError("refused to leave the configured origin")
        kept = {name: value for name, value in (headers or {}).items() if name.lower() in _KEPT_HEADERS}
        answer = self._http.request(method, uri.removeprefix(self._base), content=body, headers=kept)
        return httplib2.Response({"status": str(answer.status)}), answer.body


class GoogleAdsClient:
    """The three calls, answered in bytes. Safe to share between threads."""

    def __init__(self, source: Source, default: Limits, sleep: Sleeper = time.sleep) -> None:
        base = str(source.options.get("api_endpoint", ENDPOINT)).rstrip("/")
        auth = _Auth(source, sleep)
        http = Http(base, limits=limits(source, default), headers=auth.headers, refresh=auth.refresh,
                    classify=classify, sleep=sleep)
        document = _document(source, str(source.options.get("version", PINNED["google_ads"])), sleep)
        service = build_from_document(document, http=_Httplib2Face(http, base), model=RawModel(),
                                      client_options={"api_endpoint": base})
        self._customers = service.customers()
        self._reports = self._customers.googleAds()

    def accessible(self) -> bytes:
        """The customers that the credential reaches by itself."""
        body: bytes = self._customers.listAccessibleCustomers().execute()
        return body

    def search(self, customer_id: str, query: str, page_token: str | None, login: str) -> bytes:
        """One page of a query, asked through a login customer."""
        body = {"query": query, "pageToken": page_token} if page_token else {"query": query}
        request = self._reports.search(customerId=customer_id, body=body)
        request.headers["login-customer-id"] = login
        answer: bytes = request.execute()
        return answer


def _document(source: Source, version: str, sleep: Sleeper) -> dict[str, Any]:
    """The vendor's published discovery document where one is configured and reachable, else our own."""
    if url := source.options.get("discovery_url"):
        parts = urlsplit(str(url))
        try:
            http = Http(f"{parts.scheme}://{parts.netloc}", limits=Limits(1, 5.0), sleep=sleep)
            published: dict[str, Any] = http.get(parts.path, {"version": version}).json()
        except (Retriable, DataError, ConfigError):
            published = {}
        if published.get("resources", {}).get("customers"):
            return published
    if not version.startswith("v") or not version[1:].isdigit():
        raise ConfigError(f"not a Google Ads version: {version!r}", fix=f'options.version = "{PINNED["google_ads"]}"')
    text = files("connectors").joinpath("discovery", "googleads.v26.json").read_text(encoding="utf-8")
    own: dict[str, Any] = json.loads(text.replace("v26", version))
    return own
