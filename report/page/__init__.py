"""The page: one HTML file with its data inside, to open, filter and question without a server.

`index.html` is built from `page/` (Vite) and shipped; Python puts the published sums and the words of both languages
into it. Nothing is loaded from anywhere, and no lead's person is in it.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crosscheck.settings import Settings
from report import terms
from report.owners import OWNERS
from report.page import data, history, names, texts
from report.words import Language, words
from warehouse.engine import Warehouse

NAME = "page.html"
SECTIONS = ("summary", "waterfall", "ratios", "campaigns", "attribution", "weeks", "changed")
FILTERS = ("from", "to", "platform", "campaign", "person", "model", "basis", "lang", "step")
_TEMPLATE = Path(__file__).with_name("index.html")
_PLACEHOLDER = '"crosscheck-data"'
#: What would end the script element or a line of script; in JSON it can stand only inside a string.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_TEXTS = (texts.SHELL, texts.SUMMARY, texts.WATERFALL, texts.RATIOS, texts.CAMPAIGNS, texts.ATTRIBUTION, texts.WEEKS,
          texts.CHANGED)
_NAMES = {"cause": terms.CAUSES, "attribution": names.MODELS, "change": terms.CHANGES, "measure": terms.MEASURES,
          "state": terms.RATIOS, "platform": terms.PLATFORMS, "place": terms.PLACES, "rule": terms.RULES,
          "rests": names.EVIDENCE}


@dataclass(frozen=True)
class Page:
    """What was written: where, how large, and how many numbers it holds."""

    path: Path
    size_bytes: int
    row_count: int


def build(settings: Settings, wh: Warehouse, folder: Path | None = None, *, language: Language = Language.VI,
          with_people: bool = True) -> Page:
    """Write `page.html` to a folder (default: `report` beside the published file).

    Without people nothing in it says whose lead a lead was.
    """
    with wh.engine.connect() as conn:
        read = data.read(conn, with_people=with_people)
    content = data.gather(read, with_people=with_people) | history.told(wh)
    content["meta"] |= {"project": settings.project.name, "currency": settings.project.reporting_currency,
                        "zone": settings.project.time_zone, "language": language.value}
    target = (folder or settings.path(settings.store.published).parent / "report") / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".new")
    written.write_text(filled(content), encoding="utf-8")
    written.replace(target)
    rows = sum(len(part["rows"]) for part in content.values() if "rows" in part)
    return Page(target, target.stat().st_size, rows)


def filled(content: dict[str, Any]) -> str:
    """The built page around its data, which is packed, and its words, which stand as they are."""
    whole = {"packed": packed({name: _turned(part) for name, part in content.items()}), "owners": _owners(),
             "texts": {language.value: _said(language) for language in Language}}
    return _template().replace(_PLACEHOLDER, embedded(whole), 1)


def _turned(part: Any) -> Any:
    """A table's columns one after the other instead of its rows: like stands beside like, which packs better."""
    return part | {"rows": list(zip(*part["rows"], strict=True))} if "columns" in part else part


def packed(content: Any) -> str:
    """JSON as gzip in letters: rows of numbers weigh a third of it. The same content makes the same text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


def embedded(content: Any) -> str:
    """JSON that may stand inside a script element whatever its texts say."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def link(section: str = "", **chosen: str) -> str:
    """The address that opens the page at a section with its filters set, relative to the folder that holds it.

    >>> link("waterfall", platform="meta_ads", step="attempted_late")
    'page.html#waterfall?platform=meta_ads&step=attempted_late'

    Raises ValueError for a section or filter that the page does not have; `from_` stands for `from`.
    """
    given = {name.rstrip("_"): value for name, value in chosen.items()}
    if section not in ("", *SECTIONS) or not given.keys() <= set(FILTERS):
        raise ValueError(f"the page has no {section} with {', '.join(given)}")
    asked = "&".join(f"{name}={quote(value, safe='/')}" for name, value in given.items())
    return NAME + (f"#{section}?{asked}" if asked else f"#{section}" if section else "")


@cache
def _template() -> str:
    return _TEMPLATE.read_text(encoding="utf-8")


def _owners() -> dict[str, dict[str, str]]:
    """Whose step a cause is, and in which colour."""
    return {owner.name: {"light": owner.light, "dark": owner.dark} for owner in OWNERS.values()}


def _said(language: Language) -> dict[str, str]:
    """Every text of the page in one language, by its key."""
    _ = words(language).gettext
    said = {key: _(text) for group in _TEXTS for key, text in group.items()}
    said |= {f"{kind}.{key}": _(text) for kind, group in _NAMES.items() for key, text in group.items()}
    return said | {f"owner.{owner.name}": _(owner.label) for owner in OWNERS.values()}


