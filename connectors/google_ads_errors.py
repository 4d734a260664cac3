"""What a Google Ads error means for the night.

    {"error": {"code", "message", "status", "details": [{"@type": "…GoogleAdsFailure", "errors": [
        {"errorCode": {"<family>": "<NAME>"}, "message", "details": {"quotaErrorDetails": {"retryDelay": "5s"}}}]}]}}

and the same inside an array where searchStream answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectors.http import Answer, TokenExpired, by_status
from connectors.pagers import CursorExpired
from connectors.retry import retry_after
from crosscheck.errors import AccountRefused, ConfigError, CrosscheckError, QuotaExhausted, TryAgain, VersionRetired

Build = Callable[[str, float | None], CrosscheckError]


class LoginRefused(AccountRefused):
    """Perhaps only through this manager: another login customer may be let in."""


def _again(what: str, after: float | None) -> CrosscheckError:
    return TryAgain(what, after=after)


def _tomorrow(what: str, _: float | None) -> CrosscheckError:
    return QuotaExhausted(what, fix="nothing: what was landed is kept, the next run resumes")


def _expired(what: str, _: float | None) -> CrosscheckError:
    return CursorExpired(what)


def _left_out(what: str, _: float | None) -> CrosscheckError:
    return AccountRefused(what, fix="enable the account, or leave it out of `accounts`")


def _login(what: str, _: float | None) -> CrosscheckError:
    return LoginRefused(what, fix="grant access, or set options.login_customer_id to a manager above the account")


def _retired(what: str, _: float | None) -> CrosscheckError:
    return VersionRetired(what, fix="set options.version of this source to a version that is served")


def _token(what: str, _: float | None) -> CrosscheckError:
    return TokenExpired(what, fix="renew the secret refresh_token of this source")


def _config(what: str, _: float | None) -> CrosscheckError:
    return ConfigError(what, fix="check the secrets and options of this source")


#: By family and name; "*" is what else the family holds. First match wins over the status.
MEANING: dict[tuple[str, str], Build] = {
    ("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED"): _again,
    ("quotaError", "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION"): _again,
    ("quotaError", "RESOURCE_EXHAUSTED"): _tomorrow,
    ("quotaError", "*"): _tomorrow,
    ("internalError", "*"): _again,
    ("requestError", "EXPIRED_PAGE_TOKEN"): _expired,
    ("requestError", "UNSUPPORTED_VERSION"): _retired,
    ("authorizationError", "CUSTOMER_NOT_ENABLED"): _left_out,
    ("authorizationError", "USER_PERMISSION_DENIED"): _login,
    ("authorizationError", "*"): _config,  # DEVELOPER_TOKEN_… and its kin
    ("authenticationError", "OAUTH_TOKEN_EXPIRED"): _token,
    ("authenticationError", "*"): _config,
}


def classify(answer: Answer) -> CrosscheckError | None:
    """The error that an answer carries, by its family and name, else by its status."""
    if answer.ok and not answer.body.lstrip(b" [\n\r\t").startswith(b'{"error"'):
        return None
    if answer.status == 404:
        return _retired("Google Ads knows no such path (404)", None)
    for family, name, delay in _failures(answer.json()):
        build = MEANING.get((family, name)) or MEANING.get((family, "*"))
        if build:
            return build(f"Google Ads answered {family}.{name}", delay or retry_after(answer.headers))
        return ConfigError(f"Google Ads refused the query: {family}.{name}", fix="this is a defect of the connector")
    return by_status(answer)


def _failures(body: Any) -> Iterator[tuple[str, str, float | None]]:
    for part in body if isinstance(body, list) else [body]:
        error = part.get("error", {}) if isinstance(part, dict) else {}
        for detail in error.get("details", []):
            for each in detail.get("errors", []):
                delay = each.get("details", {}).get("quotaErrorDetails", {}).get("retryDelay", "")
                for family, name in each.get("errorCode", {}).items():
                    yield family, name, _seconds(delay)


def _seconds(delay: str) -> float | None:
    """A duration as protobuf writes it: `5s`, `1.5s`."""
    try:
        return float(delay.removesuffix("s"))
    except ValueError:
        return None


def classify_token(answer: Answer) -> CrosscheckError | None:
    """The token endpoint's errors: a dead grant or client is a person's job, the rest passes."""
    if answer.ok or answer.status >= 500 or answer.status == 429:
        return by_status(answer)
    code = answer.json().get("error")
    known = code if code in ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_request") else "refused"
    return ConfigError(f"the token endpoint answered {known}: the source needs re-authorisation",
                       fix="renew client_id, client_secret or refresh_token of this source")
