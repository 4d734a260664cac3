"""Nothing that was trusted to us comes out: a good night and a bad one, with every library talking its head off.

The company's own credentials, e-mail addresses and phone numbers are the canaries. They may stand in landing and in
`restricted.contact`, and nowhere else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscheck import redact
from crosscheck.cli.demo import Stage, stage
from crosscheck.settings import Settings, load
from flows.night import Night, night
from sandbox import credentials
from sandbox.faults import Fault
from sandbox.model import Company
from warehouse import open_warehouse
from warehouse.reading import published

pytestmark = [pytest.mark.nights, pytest.mark.xdist_group("leaks"), pytest.mark.timeout(280)]

SECRETS = (credentials.DEVELOPER_TOKEN, credentials.CLIENT_ID, credentials.CLIENT_SECRET, credentials.REFRESH_TOKEN,
           credentials.META_TOKEN, credentials.HUBSPOT_TOKEN, credentials.GETFLY_KEY, "ya29.",
           "demo-key-demo-key-demo-key-demo-key")
_MAIL, _DIGITS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), re.compile(r"\d{9,15}")


@dataclass(frozen=True)
class Canaries:
    """What must not be found: secrets as they are, addresses in lower case, phones in every way of writing."""

    mails: frozenset[str]
    phones: frozenset[str]
    written: tuple[str, ...]

    @classmethod
    def of(cls, company: Company) -> Canaries:
        """All of a company's contact data."""
        raw = [lead.phone for lead in company.leads if lead.phone]
        digits = {re.sub(r"\D", "", phone) for phone in raw}
        national = {text.removeprefix("84").lstrip("0") for text in digits}
        phones = {prefix + text for text in national for prefix in ("", "0", "84")} | digits
        return cls(frozenset(lead.email.strip().lower() for lead in company.leads if lead.email and "@" in lead.email),
                   frozenset(text for text in phones if len(text) >= 9),
                   tuple(phone for phone in raw if re.search(r"\d[ .-]\d", phone)))

    def found(self, text: str) -> list[str]:
        """The canaries that sing in a text."""
        mails = {hit.lower() for hit in _MAIL.findall(text)} & self.mails
        phones = set(_DIGITS.findall(text)) & self.phones
        return [*(secret for secret in SECRETS if secret in text), *mails, *phones,
                *(phone for phone in self.written if phone in text)]


@dataclass(frozen=True)
class Nights:
    """A clean night; then one with a source that refuses the key and a platform that lost most of its rows."""

    stage: Stage
    settings: Settings
    folder: Path
    log: Path
    good: Night
    bad: Night
    canaries: Canaries


@contextmanager
def _talkative(file: Path) -> Iterator[None]:
    """Every logger at DEBUG into a file, through the product's own redaction."""
    root, handler = logging.getLogger(), logging.FileHandler(file, encoding="utf-8")
    level, others = root.level, list(root.handlers)
    for other in others:
        root.removeHandler(other)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    redact.install()
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
        root.setLevel(level)
        for other in others:
            root.addHandler(other)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Both nights, on DuckDB."""
    folder = tmp_path_factory.mktemp("leaks")
    log, home = folder / "debug.log", folder / "home"
    with stage(home, scale=0.1) as play, _talkative(log):
        settings = load(play.config)
        good = night(settings, play.dawn(1))
        as_of = play.dawn(2)
        play.server.inject(Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))
        play.server.inject(Fault("getfly", "expired_token", times=10_000))
        bad = night(settings, as_of)
        yield Nights(play, settings, home, log, good, bad, Canaries.of(play.company))


def test_the_nights_ended_as_planned(nights: Nights) -> None:
    """One published, one was refused by a gate with a source missing, and somebody was told."""
    assert (nights.good.exit_code, nights.bad.exit_code) == (0, 5)
    assert {item.source for item in nights.bad.refused} == {"getfly"}
    assert nights.stage.sink.messages


def test_the_canaries_can_be_heard(nights: Nights) -> None:
    """The search finds what it looks for: restricted.contact is full of it, in several ways of writing."""
    found = nights.canaries.found("\n".join(_rows(nights.settings, {"restricted"})))
    assert len(found) > 100
    assert nights.canaries.found(f"Bearer {credentials.META_TOKEN}") == [credentials.META_TOKEN]
    log = nights.log.read_text(encoding="utf-8")
    assert log.count("DEBUG googleapiclient.discovery: URL being requested") > 100


def test_logs_and_messages_say_nothing(nights: Nights) -> None:
    """Debug logs of every library, alerts as delivered, refusals and the night's summary hold no canary."""
    texts = {"log": nights.log.read_text(encoding="utf-8"), "alerts": repr(nights.stage.sink.messages),
             "refusals": "\n".join(str(item.error) for item in nights.bad.refused),
             "lines": "\n".join(nights.bad.lines()), "summary": repr(nights.bad.summary())}
    assert {name: found for name, text in texts.items() if (found := nights.canaries.found(text))} == {}


def test_documents_and_manifests_say_nothing(nights: Nights) -> None:
    """Neither the Data Docs of both nights nor any landing manifest holds a canary."""
    docs = [path for path in nights.settings.path(nights.settings.store.docs).rglob("*") if path.is_file()]
    manifests = list(Path(nights.settings.landing).rglob("manifest.json"))
    assert docs
    assert manifests
    assert {path.name: found for path in (*docs, *manifests)
            if (found := nights.canaries.found(path.read_text(encoding="utf-8", errors="replace")))} == {}


def test_tables_say_nothing(nights: Nights) -> None:
    """Every table of the working file but the restricted ones, the ledger and the outbox included, holds no canary."""
    assert nights.canaries.found("\n".join(_rows(nights.settings, {"staging", "ops", "mart", "mart_next"}))) == []


def test_the_published_file_is_marts_and_nothing_else(nights: Nights) -> None:
    """Readers get schema mart alone; neither its rows nor its raw bytes hold a canary."""
    with published(nights.settings) as conn:
        schemas = set(conn.scalars(sa.text("SELECT DISTINCT schema_name FROM duckdb_tables()")))
        views = conn.scalar(sa.text("SELECT count(*) FROM duckdb_views() WHERE NOT internal"))
        texts = [repr(row) for name in conn.scalars(sa.text("SELECT table_name FROM duckdb_tables()")).all()
                 for row in conn.execute(sa.text(f"SELECT * FROM mart.{name}"))]
    assert (schemas, views) == ({"mart"}, 0)
    raw = nights.settings.path(nights.settings.store.published).read_bytes().decode("latin-1")
    assert nights.canaries.found("\n".join(texts)) == nights.canaries.found(raw) == []


def test_only_the_owner_reads_what_is_raw(nights: Nights) -> None:
    """Landing's folders are 0700, its files 0600, and so is the working file."""
    landing = Path(nights.settings.landing)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (landing, *landing.rglob("*"))}
    assert modes == {(True, 0o700), (False, 0o600)}
    working = [path for path in nights.folder.glob("warehouse.duckdb*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in working} == {0o600}


def _rows(settings: Settings, schemas: set[str]) -> Iterator[str]:
    """Every row of every table of these schemas, as text."""
    with open_warehouse(settings, lock=False) as wh, wh.engine.connect() as conn:
        inspector = sa.inspect(conn)
        for schema in sorted(schemas):
            for name in inspector.get_table_names(schema=schema):
                for row in conn.execute(sa.text(f'SELECT * FROM {schema}."{name}"')):
                    yield "|".join(map(str, row))
