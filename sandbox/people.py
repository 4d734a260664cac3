"""Invented people: names, mail addresses and phone numbers that never collide by accident.

Every person is numbered; the number is spread over the seven free digits of a phone, so two people can never share
one. Mail domains end in `.example`, which nobody can own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
_MIDDLE = ("Văn", "Thị", "Minh", "Quốc", "Thu", "Hồng", "Đức", "Ngọc")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Hà", "Huy", "Khánh", "Lan", "Mai", "Nam", "Phương", "Quân", "Thảo", "Yến")
_US_FIRST = ("Alice", "Brian", "Carla", "David", "Emma", "Frank", "Grace", "Henry", "Irene", "James")
_US_LAST = ("Smith", "Johnson", "Miller", "Garcia", "Wilson", "Lopez", "Young", "Baker", "Turner", "Reed")
_MOBILE = ("033", "036", "038", "070", "079", "083", "086", "091", "094", "097", "098")
#: Old eleven-digit prefixes and what replaced them in 2018.
_OLD = (("0162", "032"), ("0164", "034"), ("0168", "038"), ("0169", "039"))
_AREA = ("206", "212", "213", "214", "215", "216", "217", "218", "219", "224", "225", "240", "251", "301", "302")
_DEAD = ("0123456", "00000000000", "0111111111", "0200000000", "12345")
_MALFORMED = ("khong co", "a@b@c", "nguyen,van@thu", "@hopthu.example", "mail.hopthu.example")
_SPREAD = 7_654_321  # coprime to 10^7: a bijection of the person's number


@dataclass(frozen=True)
class Contact:
    """How one person signs a form: the raw texts, as typed."""

    person: str
    name: str
    email: str | None
    phone: str | None
    market: str


def _vietnamese(rng: Random, tail: str) -> str:
    if rng.random() < 0.06:
        return rng.choice(_OLD)[0] + tail
    local = rng.choice(_MOBILE) + tail
    parts = local[:4], local[4:7], local[7:]
    return rng.choice((local, "+84" + local[1:], " ".join(parts), ".".join(parts)))


def _american(number: int) -> str:
    """Area code, exchange and line: 15 areas × 700 exchanges × 1,000 lines, the exchange never x11."""
    line, rest = number % 1_000, number // 1_000
    exchange, area = rest % 70, rest // 70
    return f"+1 {_AREA[area % len(_AREA)]}-{(exchange % 7) + 2}{exchange // 7}0-{line:04d}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if c.isalpha() and c.isascii()).lower()


def person(rng: Random, number: int, market: str) -> Contact:
    """The person with this number: about six in ten leave mail and phone, the others only one of them."""
    if market == "US":
        name = f"{rng.choice(_US_FIRST)} {rng.choice(_US_LAST)}"
        phone = _american(number)
    else:
        name = f"{rng.choice(_FAMILY)} {rng.choice(_MIDDLE)} {rng.choice(_GIVEN)}"
        phone = _vietnamese(rng, f"{number * _SPREAD % 10**7:07d}")
    email: str | None = f"{_ascii(name)}.{number}@{'mailbox' if market == 'US' else 'hopthu'}.example"
    draw = rng.random()
    if draw < 0.25:
        email = None
    elif draw < 0.27:
        email = rng.choice(_MALFORMED)
    return Contact(f"p{number}", name, email, None if 0.27 <= draw < 0.40 else phone, market)


def dead(rng: Random, number: int, market: str) -> Contact:
    """Somebody whose contact leads nowhere: mostly a number no network issues, else a well-formed wrong one."""
    real = person(rng, number, market)
    wrong = rng.choice(_DEAD) if rng.random() < 0.6 else real.phone or f"091{number * _SPREAD % 10**7:07d}"
    return Contact(real.person, real.name, None, wrong, market)


def again(rng: Random, contact: Contact) -> Contact:
    """The same person typing the same contact another way; what identifies them stays the same."""
    email = contact.email and rng.choice((contact.email, contact.email.upper(), f" {contact.email} "))
    return Contact(contact.person, contact.name, email, contact.phone and _retyped(contact.phone), contact.market)


def _retyped(phone: str) -> str:
    digits = "".join(c for c in phone if c.isdigit())
    for old, new in _OLD:
        if digits.startswith(old) and len(digits) == 11:
            return new + digits[4:]
    if phone.startswith("+1"):
        return f"+{digits}"
    return "0" + digits[2:] if digits.startswith("84") else "+84 " + digits[1:]
