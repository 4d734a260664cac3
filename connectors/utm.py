"""Where a lead came from, read out of a landing URL once and by one set of rules.

Parameter names match whole and in any case; percent and plus are decoded exactly once; the fragment is cut
first; the first of several equal names wins and is flagged; a placeholder that no platform filled in is no value.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from urllib.parse import unquote_plus

UTM_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid")
_NAMES = frozenset((*UTM_NAMES, *CLICK_IDS))
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://|^//")
_AMP = re.compile(r"&amp;", re.IGNORECASE)
_PORT = re.compile(r":\d*$")
#: ValueTrack `{network}`, Meta `{{campaign.name}}`; TikTok `__CAMPAIGN_NAME__`, which must be the whole value.
_MACRO = re.compile(r"\{\{?[\w.:]+\}\}?|^__[A-Z][A-Z_]*[A-Z]__$")
#: What PostgreSQL or UTF-8 cannot hold: control characters and lone surrogates.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Tracking:
    """What one landing URL says. `duplicates` and `macros` name the parameters that were repeated or left unfilled."""

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None
    utm_campaign_norm: str | None = None
    gclid: str | None = None
    gbraid: str | None = None
    wbraid: str | None = None
    fbclid: str | None = None
    ttclid: str | None = None
    landing_page: str | None = None
    duplicates: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


def tidy(text: object) -> str | None:
    r"""Text without surrounding space and without characters no database holds; None when nothing is left.

    >>> tidy("  spring sale\x00 ")
    'spring sale'
    """
    if text is None or (isinstance(text, float) and isnan(text)):
        return None
    return _UNFIT.sub("", str(text)).strip() or None


def norm(text: str | None) -> str | None:
    """The form in which names are compared: NFC, case folded, white space collapsed.

    >>> norm(" Tết  Sale ")
    'tết sale'
    """
    if text is None:
        return None
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return " ".join(folded.split()) or None


def is_macro(value: str) -> bool:
    """Whether a value still holds a platform's placeholder.

    >>> is_macro("{{campaign.name}}"), is_macro("summer")
    (True, False)
    """
    return _MACRO.search(value) is not None


def filled(text: object) -> str | None:
    """A tracking value that a CRM keeps in a field of its own: tidy, and None for an unfilled placeholder."""
    value = tidy(text)
    return None if value is None or is_macro(value) else value


@lru_cache(maxsize=65_536)
def parse(url: str | None) -> Tracking:
    """The tracking of a URL; an empty Tracking for None or blank text. Never raises.

    >>> parse("HTTPS://Shop.VN:8080/a?UTM_Source=Google&utm_campaign=t%E1%BA%BFt+sale#top").landing_page
    'shop.vn/a'
    """
    text = tidy(url)
    if text is None:
        return Tracking()
    page, _, query = text.partition("#")[0].partition("?")
    found, duplicates = _first_of_each(query)
    macros = tuple(sorted(name for name, value in found.items() if is_macro(value)))
    values = {name: value for name, value in found.items() if name not in macros}
    return Tracking(**values, utm_campaign_norm=norm(values.get("utm_campaign")), landing_page=_landing_page(page),
                    duplicates=duplicates, macros=macros)


def _first_of_each(query: str) -> tuple[dict[str, str], tuple[str, ...]]:
    found: dict[str, str] = {}
    duplicates: set[str] = set()
    for name, value in _pairs(query):
        if name in found:
            duplicates.add(name)
        else:
            found[name] = value
    return found, tuple(sorted(duplicates))


def _pairs(query: str) -> list[tuple[str, str]]:
    query = _AMP.sub("&", query)
    parts = (part.partition("=") for part in query.split("&" if "&" in query else ";"))
    decoded = ((unquote_plus(name).strip().lower(), tidy(unquote_plus(value))) for name, _, value in parts)
    return [(name, value) for name, value in decoded if name in _NAMES and value is not None]


def _landing_page(page: str) -> str | None:
    rest = _SCHEME.sub("", page)
    host, slash, path = rest.partition("/")
    host = _PORT.sub("", host.rpartition("@")[2]).lower().strip()
    return host + (slash + path or "/") if host or slash else None
