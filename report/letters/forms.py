"""One letter as a mail's HTML, as plain text, and as a short text for chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from report.letters.charts import Chart
from report.letters.letter import Letter, Row, Section
from report.words import Language, words

#: Zalo takes no longer message, and it is short enough for the others.
CHAT_CHARACTERS = 2_000
_SHOWN = 6
#: Chat systems read these as commands: a campaign called `<!channel>` must not wake everybody up.
_INERT = str.maketrans({"<": "‹", ">": "›", "@": "＠"})


@cache
def _template() -> Template:
    found = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    return found.get_template("letter.html")


def html(letter: Letter, charts: Sequence[Chart] = ()) -> str:
    """The mail's HTML: styles inside the tags, since many mail programs drop the others."""
    said = words(Language(letter.language)).gettext
    made = _template().render(letter=letter, charts=charts, _=said)
    return css_inline.inline(made, keep_at_rules=True, remove_inlined_selectors=True)


def text(letter: Letter) -> str:
    """The same letter for whoever reads no HTML."""
    return "\n".join(_text(letter)) + "\n"


def _text(letter: Letter) -> Iterator[str]:
    _ = words(Language(letter.language)).gettext
    yield from (letter.subject, "", letter.headline, "", *letter.about)
    for section in letter.sections:
        yield from ("", section.title.upper(), section.basis)
        yield from (_line(section, row, letter.note(row)) for row in section.rows)
        yield from (line for line in ("" if section.rows else section.empty, section.more) if line)
    yield from ("", _("How to read this").upper(), *letter.reading)
    if letter.commands:
        yield from ("", _("What opens each number").upper())
        yield from (f"[{number}] {command}" for number, command in enumerate(letter.commands, start=1))
    yield from ("", letter.closing, *([letter.link] if letter.link else []))


def _line(section: Section, row: Row, note: str) -> str:
    first, *others = row.cells
    told = "; ".join(f"{column.title}: {cell}" for column, cell in zip(section.head[1:], others, strict=True))
    return f"- {first}{f' [{note}]' if note else ''}: {told}"


def chat(letter: Letter, more: str) -> str:
    """The letter's first rows, section by section, never beyond the limit; the last line says where the rest is."""
    lines = [letter.headline, *(line for section in letter.sections for line in _short(section))]
    end = _inert(letter.link) if letter.link else _inert(more)
    kept: list[str] = []
    for line in (_inert(line) for line in lines):
        if sum(len(one) + 1 for one in (*kept, line, end)) > CHAT_CHARACTERS - 1:
            break
        kept.append(line)
    return "\n".join((*kept, end))[:CHAT_CHARACTERS]


def _short(section: Section) -> Iterator[str]:
    """A section's title, its columns and first rows; nothing of an empty one."""
    if section.rows:
        yield f"▪ {section.title} ({' · '.join(column.title for column in section.head[1:3])})"
        yield from (" · ".join(cell for cell in row.cells[:3]) for row in section.rows[:_SHOWN])
        if (rest := len(section.rows) - _SHOWN) > 0:
            yield f"… +{rest}"


def _inert(line: str) -> str:
    return line.translate(_INERT)
