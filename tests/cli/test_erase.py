"""`crosscheck erase` as it is typed: whom it would forget, and that it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from connectors.people import Hasher
from crosscheck.canonical import LEAD
from crosscheck.settings import Settings
from tests.cli.conftest import say
from tests.marts.world import put
from warehouse import ddl
from warehouse.engine import open_warehouse
from warehouse.migrations import migrate

KEY = "k" * 32
WHY = ("--reason", "asked on 21 November")


def test_asked_before_it_is_done(settings_for: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes nothing happens; with it the person of an address or number is forgotten, and known no more."""
    monkeypatch.setenv("CROSSCHECK_PRIVACY_KEY", KEY)
    settings, person = settings_for("duckdb"), Hasher(KEY).person("crm", "1", "an@example.vn", "0901234567")
    monkeypatch.setattr("crosscheck.cli.erase.load", lambda _: settings)
    with open_warehouse(settings) as wh:
        migrate(wh)
        put(wh, "lead", {"lead_id": "1", "created_day": date(2026, 4, 8),
                         "person_key": person.person_key, "email_hash": person.email_hash,
                         "phone_hash": person.phone_hash})
    for words, erased in (("--email", " An@example.VN"), False), (("--phone", "+84 901 234 567", "--yes"), True):
        answer = say("erase", *words, *WHY, "--json")
        assert (answer.code, answer.json["leads"], answer.json["erased"]) == (0, ["crm/1"], erased)
        assert "an@example" not in (answer.out + answer.err).lower()
        with open_warehouse(settings) as wh, wh.engine.connect() as conn:
            assert (conn.scalar(sa.select(ddl.table(LEAD).c.email_hash)) is None) is erased
    assert say("erase", "--email", "an@example.vn", *WHY).code == 3


@pytest.mark.parametrize("words", [(), ("--email", "an@example.vn", "--lead", "crm/1"), ("--phone", "12")])
def test_one_person_by_one_word(settings_for: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch,
                                words: tuple[str, ...]) -> None:
    """Nobody, two ways at once, or a number that cannot be: the command's words are off."""
    settings = settings_for("duckdb")
    monkeypatch.setattr("crosscheck.cli.erase.load", lambda _: settings)
    assert say("erase", *words, *WHY).code == 2
