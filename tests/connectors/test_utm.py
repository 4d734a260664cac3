"""Landing URLs: every case that was seen to go wrong elsewhere."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.utm import CLICK_IDS, UTM_NAMES, filled, norm, parse, tidy


@pytest.mark.parametrize(("url", "expected"), [
    ("https://x.vn/?UTM_Source=Google", {"utm_source": "Google"}),
    ("https://x.vn/?utm_campaign=spring%20sale", {"utm_campaign": "spring sale"}),
    ("https://x.vn/?utm_campaign=a+b", {"utm_campaign": "a b"}),
    ("https://x.vn/?utm_campaign=50%2525", {"utm_campaign": "50%25"}),
    ("https://x.vn/?utm_campaign=T%E1%BA%BFt", {"utm_campaign": "Tết"}),
    ("https://x.vn/?utm_source=g#frag", {"utm_source": "g"}),
    ("https://x.vn/?utm_source=a+b#top", {"utm_source": "a b"}),
    ("https://x.vn/?my_utm_source=wrong", {"utm_source": None}),
    ("https://x.vn/?ref=utm_source=evil&utm_source=real", {"utm_source": "real"}),
    ("https://x.vn/?utm_source=first&utm_source=second", {"utm_source": "first", "duplicates": ("utm_source",)}),
    ("https://x.vn/?utm_source=g;utm_medium=cpc", {"utm_source": "g", "utm_medium": "cpc"}),
    ("https://x.vn/?utm_source=a;b&utm_medium=cpc", {"utm_source": "a;b", "utm_medium": "cpc"}),
    ("https://x.vn/?utm_source=g&amp;utm_medium=cpc", {"utm_source": "g", "utm_medium": "cpc"}),
    ("https://x.vn/?utm_source={network}&gclid=Cj1", {"utm_source": None, "gclid": "Cj1", "macros": ("utm_source",)}),
    ("https://x.vn/?utm_campaign=%7B%7Bcampaign.name%7D%7D", {"utm_campaign": None, "macros": ("utm_campaign",)}),
    ("https://x.vn/?utm_campaign=__CAMPAIGN_NAME__", {"utm_campaign": None, "macros": ("utm_campaign",)}),
    ("https://x.vn/?utm_campaign=VN__HCM__2026", {"utm_campaign": "VN__HCM__2026"}),
    ("https://x.vn/?utm_source=&utm_medium=cpc", {"utm_source": None, "utm_medium": "cpc"}),
    ("https://x.vn/?gbraid=1&WBRAID=2&fbclid=3&ttclid=4", {"gbraid": "1", "wbraid": "2", "fbclid": "3", "ttclid": "4"}),
    ("https://x.vn/?utm_campaign=%00a%ff", {"utm_campaign": "a\ufffd"}),
    ("https://x.vn/?utm_campaign=%20TẾT%20%20Sale", {"utm_campaign": "TẾT  Sale", "utm_campaign_norm": "tết sale"}),
])
def test_parameters(url: str, expected: dict[str, object]) -> None:
    """Names match whole and in any case, values are decoded once, the first wins, a placeholder is no value."""
    found = dataclasses.asdict(parse(url))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("url", "page"), [
    ("HTTPS://X.com:8080/A", "x.com/A"),
    ("https://x.com", "x.com/"),
    ("https://x.com?utm_source=g", "x.com/"),
    ("linkedin.com", "linkedin.com/"),
    ("linkedin.com:443/a?b=c", "linkedin.com/a"),
    ("//x.com/a", "x.com/a"),
    ("https://user:secret@x.com/a", "x.com/a"),
    ("https://x.com/a,b/c", "x.com/a,b/c"),
    ("/landing?utm_source=g", "/landing"),
    ("?utm_source=g", None),
    ("", None),
    (None, None),
])
def test_landing_page(url: str | None, page: str | None) -> None:
    """Host in lower case without port, user and query; a bare host has the path /."""
    assert parse(url).landing_page == page


@given(st.text(), st.sampled_from(UTM_NAMES + CLICK_IDS), st.text())
def test_any_text_is_survived(before: str, name: str, value: str) -> None:
    """No text makes the parser raise, and what it returns can be stored as UTF-8 without NUL."""
    found = parse(f"{before}?{name}={value}")
    for text in (getattr(found, name), found.landing_page):
        assert text is None or ("\0" not in text and text.encode())


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",))))
def test_norm_is_stable(text: str) -> None:
    """Comparing forms of comparing forms changes nothing, and case never matters."""
    once = norm(text)
    assert norm(once) == once
    assert norm(text.upper().lower()) == norm(norm(text.upper().lower()))


def test_norm_joins_what_only_looks_different() -> None:
    """Composed and decomposed Vietnamese are the same name."""
    assert norm("Khuyến  mãi\tTẾT") == norm("Khuye\u0302\u0301n ma\u0303i tết")


@pytest.mark.parametrize(
    ("text", "value"), [(None, None), (float("nan"), None), ("  ", None), (" a\x00b ", "ab"), (7, "7")])
def test_tidy(text: object, value: str | None) -> None:
    """Nothing, NaN and blanks are null; what no database holds is dropped."""
    assert tidy(text) == value


def test_filled_refuses_placeholders() -> None:
    """A CRM field that stored an unfilled placeholder holds no value."""
    assert filled("{{ad.name}}") is None
    assert filled(" an ad ") == "an ad"
