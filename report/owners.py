"""Whose step a lead was lost at: one colour an owner, the same in every chart, letter and page, never red or green."""

from __future__ import annotations

from dataclasses import dataclass

from report.words import mark


@dataclass(frozen=True)
class Owner:
    """An owner of `leak_waterfall`: what people call him, and his colour on light and on dark ground."""

    name: str
    label: str
    light: str
    dark: str


OWNERS = {owner.name: owner for owner in (
    Owner("marketing", mark("Marketing"), "#bf4d11", "#f08a4b"),
    Owner("sales", mark("Sales"), "#1f5fa8", "#6aa8ec"),
    Owner("routing", mark("Lead routing"), "#7340a8", "#b48ae0"),
    Owner("both", mark("Both departments"), "#8f6a00", "#d9ad2b"),
    Owner("nobody", mark("Nobody"), "#666e78", "#9aa3ad"),
)}
