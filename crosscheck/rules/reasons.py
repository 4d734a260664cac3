"""What the CRMs' words for a lost deal mean: price, a competitor; every other word is another reason."""

from __future__ import annotations

from dataclasses import dataclass

from crosscheck.rules.reader import HEAD, Head, Reading


@dataclass(frozen=True)
class LostReasons:
    """The words, exactly as the CRMs spell them."""

    head: Head
    price: tuple[str, ...]
    competitor: tuple[str, ...]


def lost_reasons(read: Reading) -> LostReasons:
    """The words of a file."""
    read.keys((*HEAD, "price", "competitor"), required=("price", "competitor"))
    if twice := set(read.texts("price")) & set(read.texts("competitor")):
        raise read.wrong("competitor", f"competitor: {min(twice)!r} stands under price already")
    return LostReasons(read.head(), read.texts("price"), read.texts("competitor"))
