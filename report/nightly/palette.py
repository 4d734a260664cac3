"""The report's colours, each on light and on dark ground. Owners have theirs; nothing else wears them."""

from __future__ import annotations

from report.owners import OWNERS

INK, MUTED, LINE, TOTAL, PROFIT, CARD = "#1b2430", "#566171", "#dfe4ea", "#46525f", "#0b6e80", "#ffffff"
_DARK = {INK: "#e8ecf1", MUTED: "#a6b0bd", LINE: "#313b47", TOTAL: "#b4bfcb", PROFIT: "#4cc2d4", CARD: "#1a222c"}

#: From a colour in a chart to the one that stands for it on dark ground.
DARK: dict[str, str] = _DARK | {owner.light: owner.dark for owner in OWNERS.values()}


def owner_colour(name: str) -> str:
    """An owner's colour on light ground; of whoever has none, nobody's."""
    return OWNERS.get(name, OWNERS["nobody"]).light
