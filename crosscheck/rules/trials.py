"""By which signs a lead is somebody's trial of a form and no customer."""

from __future__ import annotations

from dataclasses import dataclass

from crosscheck.rules.reader import HEAD, Head, Reading

_SIGNS = ("email_domains", "emails", "phones", "utm_sources", "utm_campaigns")


@dataclass(frozen=True)
class TestLeads:
    """The signs, each of which is enough; case is folded but for phones."""

    __test__ = False  # pytest would take it for a case

    head: Head
    email_domains: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    utm_sources: tuple[str, ...]
    utm_campaigns: tuple[str, ...]


def trial_signs(read: Reading) -> TestLeads:
    """The signs of a file."""
    read.keys((*HEAD, *_SIGNS), required=_SIGNS)
    for key, is_right in (("email_domains", False), ("emails", True)):
        if strange := [text for text in read.texts(key) if ("@" in text) is not is_right]:
            raise read.wrong(key, f"{key}: {strange[0]!r} is {'no address' if is_right else 'no domain'}")
    return TestLeads(read.head(), *(tuple(text.strip().casefold() for text in read.texts(key)) for key in _SIGNS))
