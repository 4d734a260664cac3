"""Truth of the portrait: what a person's answers say, and whose verdict that bears out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sandbox.truth_events import Head

#: The questions that each CRM has a place for.
ASKED: Mapping[str, tuple[str, ...]] = {"hubspot": ("region", "purpose", "budget", "decides"),
                                        "getfly": ("region", "purpose", "budget")}
_NO_CUSTOMER = ("job application", "supplier's offer", "xin việc", "chào hàng")
_LEAST = 2_000_000
_RIGHT = ("hot", "potential", "closed")


def answers(head: Head) -> dict[str, str]:
    """By question: the first record's own answer, else one of the person's other records."""
    found: dict[str, str] = {}
    for _, reply in sorted(head.replies, key=lambda one: one[0]):
        if reply.field in ASKED[head.lead.crm]:
            found.setdefault(reply.field, reply.value)
    return found


def failed(told: Mapping[str, str]) -> str | None:
    """The first rule that excludes somebody with these answers."""
    if told.get("purpose") in _NO_CUSTOMER:
        return f"purpose none of {', '.join(_NO_CUSTOMER)}"
    return f"budget at least {_LEAST}" if told.get("budget", "").isdigit() and int(told["budget"]) < _LEAST else None


def by_rules(head: Head) -> str:
    """What the answers say; nothing while one is missing, or where a sum cannot be read."""
    told = answers(head)
    if len(told) < len(ASKED[head.lead.crm]) or not told["budget"].isdigit():
        return "incomplete"
    return "fits" if failed(told) is None else "fails"


def by_sales(head: Head) -> tuple[str, str, datetime] | None:
    """What sales said, by which sign, and when; None where they said neither."""
    if wrong := head.states.get("wrong_target"):
        return "wrong", "wrong_target_at", wrong
    signs = [(head.states[state], place) for place, state in enumerate(_RIGHT) if state in head.states]
    if not signs:
        return None
    at, place = min(signs)
    return "right", ("hot_at", "potential_at", "first_won_at")[place], at


def support(said: str, rules: str) -> str:
    """Whether the answers bear a verdict out."""
    if rules == "incomplete":
        return "unsupported"
    return "supported" if (said, rules) in (("wrong", "fails"), ("right", "fits")) else "contradicted"
