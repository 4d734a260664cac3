"""Meta's error bodies and usage headers."""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.wire import Refused

VERSION = "v26.0"


def usage(path: str) -> dict[str, str]:
    """The headers that every answer carries."""
    found = re.search(r"act_(\d+)", path)
    use = {"type": "ads_insights", "call_count": 3, "total_cputime": 2, "total_time": 2,
           "estimated_time_to_regain_access": 0, "ads_api_access_tier": "standard_access"}
    return {"X-Business-Use-Case-Usage": json.dumps({found[1] if found else "0": [use]}),
            "X-App-Usage": json.dumps({"call_count": 3, "total_cputime": 2, "total_time": 2}),
            "X-FB-Ads-Insights-Throttle": json.dumps({"app_id_util_pct": 3.0, "acc_id_util_pct": 2.0,
                                                      "ads_api_access_tier": "standard_access"}),
            "facebook-api-version": VERSION}


def error(status: int, code: int, message: str, **extra: Any) -> Refused:
    """An error to raise; `extra` joins its fields."""
    return Refused(status, {"error": {"message": message, "type": "OAuthException", "code": code} | extra | {
        "fbtrace_id": "ASandboxTrace0000000000"}})


def bad_token(message: str, subcode: int | None) -> Refused:
    """A token that cannot be read (no subcode) or has expired."""
    return error(401 if subcode is None else 400, 190, message, **({"error_subcode": subcode} if subcode else {}))


def forbidden() -> Refused:
    """An ad account that the token may see but not read."""
    return error(403, 200, "(#200) Ad account owner has NOT grant ads_management or ads_read permission")
