"""People: the same person gets the same key, and the key says nothing about the person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.people import Hasher, normal_email, normal_phone
from crosscheck.errors import ConfigError

KEY = "0123456789abcdef-a-test-key"
OLD_TO_NEW = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038",
    "0169": "039", "0186": "056", "0188": "058", "0199": "059",
}


@pytest.mark.parametrize(("old", "new"), OLD_TO_NEW.items())
@pytest.mark.parametrize("shape", ["{0}", "+84{1}", "84{1}", "0084{1}", "+84 (0){1}"])
def test_old_vietnamese_numbers_are_translated(old: str, new: str, shape: str) -> None:
    """A number of before 2018 is the number that replaced it, however its country is written."""
    written = shape.format(f"{old} 345 6789", f"{old[1:]} 345 6789")
    assert normal_phone(written) == f"+84{new[1:]}3456789" == normal_phone(f"{new}3456789")


@pytest.mark.parametrize(("text", "number"), [
    ("0901 234 567", "+84901234567"),
    ("901234567", "+84901234567"),
    ("84901234567", "+84901234567"),
    ("+84-90.123.4567", "+84901234567"),
    ("(028) 3822 1234", "+842838221234"),
    ("0901234567 / 0912345678", "+84901234567"),
    ("+1 415 555 2671", "+14155552671"),
    ("0162 345", None),
    ("123", None),
    ("call me", None),
    ("", None),
    (None, None),
])
def test_phone(text: str | None, number: str | None) -> None:
    """Numbers that can exist come out in E.164, all others as nothing."""
    assert normal_phone(text) == number


def test_other_countries_keep_their_prefixes() -> None:
    """The translation is Vietnam's alone."""
    assert normal_phone("0121 234 5678", "GB") == "+441212345678"


@pytest.mark.parametrize(("text", "address"), [
    (" An@Example.VN ", "an@example.vn"),
    ("nguyễn@example.vn", "nguyễn@example.vn"),
    ("an@@example.vn", None),
    ("an", None),
    ("an@localhost", None),
    ("", None),
    (None, None),
])
def test_email(text: str | None, address: str | None) -> None:
    """Well-formed addresses are folded, malformed ones are nothing."""
    assert normal_email(text) == address


@given(st.text(), st.text())
def test_any_contact_is_survived(email: str, phone: str) -> None:
    """No text makes the hashing raise; the flags say whether something was given, the key is always there."""
    person = Hasher(KEY).person("crm", "1", email, phone)
    assert len(person.person_key) == 32
    assert (person.email_hash is not None) == (person.is_email_valid is True)
    assert (person.phone_hash is not None) == (person.is_phone_valid is True)


@given(st.integers(0, 9_999_999), st.sampled_from(sorted(OLD_TO_NEW.items())))
def test_old_and_new_number_are_one_person(rest: int, prefix: tuple[str, str]) -> None:
    """Marketing's old list and the CRM's new one meet."""
    old, new = (Hasher(KEY).person("crm", "1", None, f"{each}{rest:07}") for each in prefix)
    assert old == new
    assert old.is_phone_valid


def test_precedence_of_the_key() -> None:
    """E-mail before phone before the lead itself; a malformed e-mail gives way to the phone."""
    hasher = Hasher(KEY)
    both = hasher.person("crm", "1", "an@example.vn", "0901234567")
    assert both.person_key == both.email_hash
    malformed = hasher.person("crm", "1", "an@", "0901234567")
    assert malformed.person_key == malformed.phone_hash == both.phone_hash
    assert malformed.is_email_valid is False
    nobody = hasher.person("crm", "1", None, " ")
    assert (nobody.is_email_valid, nobody.is_phone_valid) == (None, None)
    assert nobody.person_key not in {both.person_key, hasher.person("other", "1", None, None).person_key}


def test_hashes_depend_on_the_key_and_hide_the_value() -> None:
    """Another key gives other hashes, and none contains what it hides."""
    one, other = (Hasher(key).person("crm", "1", "an@example.vn", "0901234567") for key in (KEY, KEY[::-1]))
    assert one.email_hash != other.email_hash
    assert "901234567" not in repr(one)
    assert "an@example" not in repr(one)


def test_a_short_key_is_refused() -> None:
    """A key that can be guessed hides nothing."""
    with pytest.raises(ConfigError, match="privacy key"):
        Hasher("short")
