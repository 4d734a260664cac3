"""Who a lead is, without saying it: normalised contact data under a keyed hash.

A phone number can be guessed by trying them all, so a plain hash would not hide it; the key lives outside the
warehouse. Raw values go to the restricted table `contact` and nowhere else.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from connectors.utm import tidy
from crosscheck.errors import ConfigError

HASH_LENGTH = 32
KEY_LENGTH = 16
_SEVERAL = re.compile(r"[/;,|]")
_VIETNAMESE = re.compile(r"^(?:(?:\+|00)84|84(?=\d{10}$)|0)0?(1\d{2})(\d{7})$")
#: Vietnamese mobile prefixes of eleven digits, all replaced in 2018 (leading zero left out).
_PREFIXES_OF_2018 = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}


@dataclass(frozen=True, slots=True)
class Person:
    """The personal columns of one lead; the hashes are null where the value is absent or malformed."""

    person_key: str
    email_hash: str | None
    email_domain_hash: str | None
    phone_hash: str | None
    is_email_valid: bool | None
    is_phone_valid: bool | None


@lru_cache(maxsize=65_536)
def normal_email(text: str | None) -> str | None:
    """The address trimmed and case folded; None when it is absent or not well formed.

    >>> normal_email(" An@Example.VN ")
    'an@example.vn'
    """
    value = tidy(text)
    if value is None:
        return None
    try:
        return validate_email(value, check_deliverability=False).normalized.casefold()
    except EmailNotValidError:
        return None


@lru_cache(maxsize=65_536)
def normal_phone(text: str | None, region: str = "VN") -> str | None:
    """The first number of the text in E.164; None when it is absent or cannot exist.

    Numbers written before Vietnam's change of 2018 are translated first: they are good contacts.

    >>> normal_phone("0162 345 6789")
    '+84323456789'
    """
    value = tidy(text)
    if value is None:
        return None
    try:
        number = phonenumbers.parse(_translated(_SEVERAL.split(value)[0], region), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _translated(text: str, region: str) -> str:
    digits = re.sub(r"[^\d+]", "", text)
    hit = _VIETNAMESE.match(digits)
    if hit is None or hit[1] not in _PREFIXES_OF_2018 or not (region == "VN" or digits.startswith(("+84", "0084"))):
        return text
    return f"+84{_PREFIXES_OF_2018[hit[1]]}{hit[2]}"


class Hasher:
    """HMAC-SHA-256 under the privacy key, 128 bits of it in hexadecimal.

    The same address gives the same hash in every source, so that people can be recognised across CRMs.
    Raises ConfigError when the key is too short to protect anything.
    """

    def __init__(self, key: str, region: str = "VN") -> None:
        if len(key) < KEY_LENGTH:
            raise ConfigError(f"the privacy key has fewer than {KEY_LENGTH} characters",
                              fix="set one of 32 random characters and keep it: a new key makes everybody a stranger")
        self._key, self._region = key.encode(), region

    def digest(self, kind: str, value: str) -> str:
        """The hash of a value; `kind` keeps an e-mail and a lead id apart that are spelled alike."""
        return hmac.digest(self._key, f"{kind}:{value}".encode(), "sha256").hex()[:HASH_LENGTH]

    def person(self, source: str, lead_id: str, email: str | None, phone: str | None) -> Person:
        """The personal columns of a lead. `person_key` is the e-mail's hash, else the phone's, else the lead's own."""
        email, phone = tidy(email), tidy(phone)
        mail, number = normal_email(email), normal_phone(phone, self._region)
        email_hash = None if mail is None else self.digest("email", mail)
        phone_hash = None if number is None else self.digest("phone", number)
        domain_hash = None if mail is None else self.digest("domain", mail.rpartition("@")[2])
        return Person(email_hash or phone_hash or self.digest("lead", f"{source}:{lead_id}"), email_hash, domain_hash,
                      phone_hash, None if email is None else mail is not None,
                      None if phone is None else number is not None)

    def people(self, source: str, leads: Iterable[tuple[str, str | None, str | None]]) -> list[Person]:
        """The personal columns of many leads, given as (lead_id, email, phone), in their order."""
        return [self.person(source, *lead) for lead in leads]
