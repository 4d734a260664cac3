"""One advertiser's ads, read by configuration alone, against pandas over the same file."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.examples.exports import DATA, by_campaign, needs_exports, tables_of
from tests.examples.oracles import expected_kag

pytestmark = needs_exports


def test_spend_and_enquiries_per_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend to the cent and claimed conversions of all three campaigns equal the independent computation."""
    ads, expected = tables_of("kag", monkeypatch)["ad_daily"], expected_kag(DATA)
    assert by_campaign(ads["spend_amount"], ads["campaign_id"]) == expected.spend
    assert by_campaign(ads["claimed_conversion_count"], ads["campaign_id"]) == expected.claimed
    assert sum(expected.spend.values()) == Decimal("58705.23")
    assert (len(ads), ads["ad_id"].nunique(), sum(expected.claimed.values())) == (1143, 1143, 3264)
