"""What a Meta error means for the night: its code and subcode say it, its type and mostly its status do not.

Shape: `{"error": {"message", "type": "OAuthException", "code", "error_subcode", "is_transient", "fbtrace_id"}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors import wire
from connectors.http import Answer, TokenExpired, by_status
from connectors.retry import retry_after
from crosscheck.errors import (
    AccountRefused,
    BrokenAnswer,
    ConfigError,
    CrosscheckError,
    TryAgain,
    TrySmaller,
    VersionRetired,
)

_Applies = Callable[[int, int, Mapping[str, Any]], bool]
_Build = Callable[[str, float | None], CrosscheckError]

REDUCE = "reduce the amount of data"
THROTTLE = frozenset({4, 17, 32, 613, *range(80000, 80007), 80008, 80014})
THROTTLE_SUBCODES = frozenset({1504022, 1504039})
TRANSIENT = frozenset({1, 2, 104, 341, 960})
TRANSIENT_SUBCODES = frozenset({99, 1504043})
SMALLER = frozenset({(100, 1487534), (100, 1504018), (2, 1504038)})
BAD_REQUEST = frozenset({(2, 1504041), (2, 1504042)})
NOT_READY = (2637, 1815107)
RETIRED = 2635
TOKEN = frozenset({190, 102})
USAGE = ("x-business-use-case-usage", "x-app-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle")
FULL = 95.0


def classify(answer: Answer) -> CrosscheckError | None:
    """The error that an answer carries, be its status 200, 400 or 500."""
    if answer.ok and not answer.body.lstrip().startswith(b'{"error"'):
        return None
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return by_status(answer)
    meant = meaning(error, regain(answer.headers))
    return meant or by_status(answer) or ConfigError(_what(error))


def meaning(error: Mapping[str, Any], wait: float | None = None) -> CrosscheckError | None:
    """The class of an error object, also of the one in a failed report run; None when only the status can tell."""
    code, subcode = int(error.get("code") or 0), int(error.get("error_subcode") or 0)
    build = next((build for applies, build in RULES if applies(code, subcode, error)), None)
    return build(_what(error), wait) if build else None


def _throttled(code: int, subcode: int, _: Mapping[str, Any]) -> bool:
    return code in THROTTLE or subcode in THROTTLE_SUBCODES


def _too_large(code: int, subcode: int, error: Mapping[str, Any]) -> bool:
    return REDUCE in str(error.get("message", "")) or (code, subcode) in SMALLER


def _passing(code: int, subcode: int, error: Mapping[str, Any]) -> bool:
    """A hiccup by code; report rows that are not ready yet are one, too."""
    known = code in NOT_READY or subcode in NOT_READY or subcode in TRANSIENT_SUBCODES
    return known or bool(error.get("is_transient"))


#: First that applies wins: a throttle may claim to be transient, a size problem comes under any code.
RULES: tuple[tuple[_Applies, _Build], ...] = (
    (lambda code, *_: code in TOKEN,
     lambda what, _: TokenExpired(what, fix="renew the secret access_token of this source")),
    (lambda code, *_: code == RETIRED,
     lambda what, _: VersionRetired(what, fix="set options.version of this source to a version that is served")),
    (_throttled, lambda what, wait: TryAgain(what, after=wait)),
    (_too_large, lambda what, _: TrySmaller(what)),
    (lambda code, subcode, _: (code, subcode) in BAD_REQUEST,
     lambda what, _: ConfigError(what, fix="this is a defect of the connector")),
    (_passing, lambda what, _: TryAgain(what)),
    (lambda code, *_: code == 10 or 200 <= code <= 299,
     lambda what, _: AccountRefused(what, fix="grant ads_read on this ad account, or leave it out of `accounts`")),
    (lambda code, *_: code in TRANSIENT, lambda what, _: TryAgain(what)),
)


def regain(headers: Mapping[str, str]) -> float | None:
    """Seconds until Meta lets the account in again, by its usage headers; None when they do not say."""
    minutes = [float(use.get("estimated_time_to_regain_access") or 0) for use in _usages(headers)]
    longest = max(minutes, default=0.0) * 60
    return longest or retry_after(headers)


def pressure(headers: Mapping[str, str]) -> float:
    """Seconds to pause before the next request: at least a minute when any quota is used above `FULL` per cent."""
    shares = [float(value) for use in _usages(headers) for name, value in use.items()
              if name in ("call_count", "total_cputime", "total_time") or name.endswith("_util_pct")]
    return max(60.0, regain(headers) or 0.0) if max(shares, default=0.0) >= FULL else 0.0


def _usages(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The usage objects of all headers; a header that is no JSON says nothing."""
    for name in USAGE:
        try:
            found = wire.parse(headers[name].encode()) if name in headers else {}
        except BrokenAnswer:
            continue
        if isinstance(found, dict) and any(isinstance(value, list) for value in found.values()):
            yield from (use for uses in found.values() if isinstance(uses, list) for use in uses)
        elif isinstance(found, dict):
            yield found


def _what(error: Mapping[str, Any]) -> str:
    """Numbers only: Meta's messages may quote what was sent."""
    code, subcode = error.get("code"), error.get("error_subcode")
    return f"Meta answered code {code}" + (f"/{subcode}" if subcode else "")
