"""The languages of what people read: gettext catalogues, English in the code, the other languages in `locale/`.

A text's English form is its key. Catalogues are read from their sources when they are needed, so that nothing compiled
is kept beside what a translator edits.
"""

from __future__ import annotations

import gettext
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"


class Language(StrEnum):
    """A language that the report is written in, as its ISO 639-1 code."""

    VI = "vi"
    EN = "en"


@cache
def words(language: Language) -> gettext.NullTranslations:
    """A language's translations, all of its files together; English is the code's own."""
    if language is Language.EN:
        return gettext.NullTranslations()
    return gettext.GNUTranslations(BytesIO(_compiled(catalogue(language))))


def catalogue(language: Language) -> Catalog:
    """All translated messages of a language. Raises ValueError when two files translate one text differently."""
    whole = Catalog(locale=language.value)
    for file in sorted((LOCALE / language.value).glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, locale=language.value):
                known = whole.get(message.id) if message.id else None
                if known is not None and known.string != message.string:
                    raise ValueError(f"{file.name} translates {message.id!r} differently from another file")
                if message.id:
                    whole[message.id] = message
    return whole


def _compiled(whole: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, whole)
    return buffer.getvalue()


def mark(text: str) -> str:
    """The text itself: marks a constant for the catalogues, which is translated where it is shown."""
    return text
