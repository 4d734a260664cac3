"""A sentence that is not yet in a language: it knows its English text and what it fills in, and is said per reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from report.words import Language, words


@dataclass(frozen=True)
class Phrase:
    """A text with named placeholders. Values may be phrases themselves; `many` is the plural by `count`."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    many: str = ""
    count: int = 1

    def said(self, language: Language) -> str:
        """The sentence in a language."""
        known = words(language)
        text = known.ngettext(self.text, self.many, self.count) if self.many else known.gettext(self.text)
        return text % {name: said(value, language) for name, value in self.values.items()} if self.values else text


def said(value: object, language: Language) -> object:
    """A value as a language has it: phrases are said, lists of them joined, everything else is itself."""
    if isinstance(value, Phrase):
        return value.said(language)
    if isinstance(value, tuple):
        return ", ".join(str(said(each, language)) for each in value)
    return value


def _(text: str, **values: object) -> Phrase:
    """A phrase; the name is the one that catalogues look for."""
    return Phrase(text, values)


def ngettext(one: str, many: str, count: int) -> Phrase:
    """A phrase for a count, which it shows as `%(count)s`."""
    return Phrase(one, {"count": f"{count:,}"}, many, count)


def lines(phrases: Iterable[object], language: Language) -> list[str]:
    """Phrases and plain texts, each a line."""
    return [str(said(each, language)) for each in phrases]
