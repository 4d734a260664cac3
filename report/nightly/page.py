"""The report as files: facts and charts in a template, one HTML file per language that needs nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from crosscheck.settings import Settings
from report import terms
from report.nightly import labels, palette
from report.nightly.commands import command
from report.nightly.drawn import Drawing
from report.nightly.facts import Facts
from report.nightly.read import read
from report.nightly.tonight import tonight
from report.numbers import Numbers
from report.owners import OWNERS
from report.words import Language, words
from warehouse import Warehouse
from warehouse.marts.lead_quality import SMALL

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Written:
    """A report that lies in a file."""

    language: str
    path: Path
    size: int
    seconds: float


def write(settings: Settings, wh: Warehouse, folder: Path, languages: Iterable[str]) -> list[Written]:
    """The report of the newest publication, a file per language; each takes the place of the last one whole.

    Raises ConfigError when nothing was published yet.
    """
    facts = read(settings, tonight(wh))
    folder.mkdir(parents=True, exist_ok=True)
    return [_file(settings, facts, folder, Language(language)) for language in languages]


def _file(settings: Settings, facts: Facts, folder: Path, language: Language) -> Written:
    began = time.monotonic()
    path = folder / f"nightly-{language}.html"
    fresh = path.with_name(f".{path.name}.next")
    fresh.write_text(html(settings, facts, language), encoding="utf-8")
    fresh.replace(path)
    return Written(language.value, path, path.stat().st_size, round(time.monotonic() - began, 2))


def html(settings: Settings, facts: Facts, language: Language) -> str:
    """The page in one language."""
    numbers = Numbers(language, settings.project.reporting_currency, ZoneInfo(settings.project.time_zone))
    drawing = Drawing(words(language), numbers)
    return _environment(language).get_template("page.html").render(
        facts=facts, n=numbers, charts=drawing.all(facts), unit=drawing.unit(facts)[1], language=language.value,
        style=Markup(_style()), label=drawing.say)  # noqa: S704 - our own file


class _Compiled(BytecodeCache):
    """The templates' code, made once: only their words differ between languages."""

    def __init__(self) -> None:
        self._made: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what was made."""
        if bucket.key in self._made:
            bucket.bytecode_from_string(self._made[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what is made."""
        self._made[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


@cache
def _environment(language: Language) -> Environment:
    made = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                       undefined=StrictUndefined, bytecode_cache=_compiled, extensions=["jinja2.ext.i18n"])
    made.install_gettext_translations(words(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals |= _globals()
    made.filters["rule"] = lambda file: terms.rule(file, words(language).gettext)
    return made


def _globals() -> dict[str, Any]:
    return {"labels": labels, "terms": terms, "owners": OWNERS, "command": command, "small": SMALL,
            "platform": lambda name: terms.PLATFORMS.get(name, name),
            "campaign": lambda name: terms.PLACES.get(name, name)}


@cache
def _style() -> str:
    """The style sheet, with the owners' colours and what each chart colour becomes on dark ground."""
    roots = "".join(f"--{owner.name}:{owner.light};" for owner in OWNERS.values())
    darks = "".join(f"--{owner.name}:{owner.dark};" for owner in OWNERS.values())
    swapped = "".join(f'svg [fill="{light}"]{{fill:{dark}}}svg [stroke="{light}"]{{stroke:{dark}}}'
                      for light, dark in palette.DARK.items())
    text = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    return f":root{{{roots}}}\n{text}\n@media screen and (prefers-color-scheme:dark){{:root{{{darks}}}{swapped}}}"
