"""What every connector promises: each one registered, each of its streams, before its author writes a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pytest_httpserver import HTTPServer

from connectors import CONNECTORS, connector_class, meta_ads
from connectors.base import Connector, LoadMode, Slice, Stream, StreamKind
from connectors.checked import checked
from connectors.landing import LandingZone
from connectors.reader import land, replay
from crosscheck.errors import ConfigError, CrosscheckError
from crosscheck.tables import TECHNICAL, Layer
from crosscheck.windows import last_full_day
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.wire import Options
from tests.support.vendors import CASES, Landed, connect, job_of, read

#: Registered, but reads no vendor: its streams come from a mapping, its own tests hold it to the same promises.
WITHOUT_VENDOR = {"files"}
STREAMS = [(name, stream.name) for name in CASES for stream in connector_class(name).streams]  # type: ignore[attr-defined]
#: What a patient client survives: the rows must come out the same.
PASSING = ("429_retry_after", "429_bare", "5xx_burst", "reset_mid_body", "truncated_json", "html_200", "expired_token",
           "other_host_next")
#: What may end in a refusal, but never in fewer or more rows.
TWISTED = ("duplicated_page", "cursor_loop", "redirect", "quota_in_body")


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(scale=0.15)


@pytest.fixture(scope="module")
def running(company: Company) -> Iterator[SandboxServer]:
    with SandboxServer(company, company.nights[0], Options(google_page_rows=15)) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    running.clear_faults()
    monkeypatch.setattr(meta_ads, "PAGE_SIZES", (15, 10, 5))
    return running


@pytest.fixture(params=STREAMS, ids="-".join)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def connector(server: SandboxServer, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Connector:
    return connect(pair[0], server.urls[pair[0]], monkeypatch.setenv)[0]


@pytest.fixture
def stream(connector: Connector, pair: tuple[str, str]) -> Stream:
    return next(stream for stream in connector.streams if stream.name == pair[1])


@pytest.fixture
def jobs(connector: Connector, stream: Stream, company: Company) -> list[Slice]:
    """The stream's slice on every account that may be read."""
    return [job_of(connector, account, stream, company.nights[0]) for account in connector.accounts()
            if account.is_open]


@pytest.fixture(scope="module")
def baselines() -> dict[tuple[str, str], list[Landed]]:
    """What each stream reads when nothing is wrong; read once."""
    return {}


@pytest.fixture
def landed(connector: Connector, jobs: list[Slice], pair: tuple[str, str],
           baselines: dict[tuple[str, str], list[Landed]]) -> list[Landed]:
    if pair not in baselines:
        baselines[pair] = [read(connector, job) for job in jobs]
    return baselines[pair]


@dataclass(frozen=True)
class Subject:
    """A stream under fire: its slice on the first account, what it reads in peace, and where the fault strikes."""

    vendor: str
    connector: Connector
    job: Slice
    peace: Landed

    @property
    def midway(self) -> int:
        """How many requests pass before the fault: it strikes between pages where there are several."""
        return 1 if self.peace.manifest.pages > 1 else 0


@pytest.fixture
def subject(pair: tuple[str, str], connector: Connector, jobs: list[Slice], landed: list[Landed]) -> Subject:
    return Subject(pair[0], connector, jobs[0], landed[0])


def test_every_connector_is_held_to_this() -> None:
    """Nobody registers a connector without a sandbox vendor, or without saying why there is none."""
    assert set(CONNECTORS) == set(CASES) | WITHOUT_VENDOR & set(CONNECTORS)
    for name in CONNECTORS:
        assert connector_class(name).__doc__


def test_an_unknown_connector_is_named() -> None:
    """A misspelt connector says which ones there are."""
    with pytest.raises(ConfigError, match="google_ads"):
        connector_class("goggle_ads")


def test_streams_are_declared_whole(stream: Stream) -> None:
    """Grain, outputs and the parents of children are stated; a window stream says how far back it re-reads."""
    assert stream.grain
    assert stream.outputs
    for output in stream.outputs:
        assert output.table.layer in (Layer.STAGING, Layer.RESTRICTED)
        assert set(output.parent) <= set(output.table.by_name)
        assert output.parent or output.mode is not LoadMode.CHILDREN
        assert output.mode is not LoadMode.WINDOW or "day" in output.table.by_name
    assert stream.kind is not StreamKind.WINDOW or stream.lookback_days > 0
    assert stream.sweeps is None or stream.kind is StreamKind.SNAPSHOT


@pytest.fixture
def swept(connector: Connector, stream: Stream) -> Stream:
    """The stream whose records a stream of keys tells about."""
    if stream.sweeps is None:
        pytest.skip("not a stream of keys")
    return next(one for one in connector.streams if one is stream.sweeps)


def test_a_list_of_keys_fits_what_it_sweeps(stream: Stream, swept: Stream) -> None:
    """It is replaced whole, has the key of the records it tells about and nothing else, and these can be archived."""
    (output,) = stream.outputs
    assert output.mode is LoadMode.SNAPSHOT
    assert output.table.key == swept.primary.table.key
    assert output.table.measures == ()
    assert swept.primary.table.has_required("is_archived")


def test_a_list_of_keys_names_what_there_is(connector: Connector, swept: Stream, jobs: list[Slice],
                                            landed: list[Landed], company: Company) -> None:
    """Everything that a whole read of the records brings, and nothing else: no living record would be archived."""
    for job, keys in zip(jobs, landed, strict=True):
        record = swept.primary.table
        whole = read(connector, job_of(connector, job.account, swept, company.nights[0])).table(record.name)
        named = {tuple(value for _, value in row) for row in keys.rows(job.stream.primary.table.name)}
        assert named == set(zip(*(whole[name].to_pylist() for name in record.key), strict=True))


def test_accounts_are_whole_and_distinct(connector: Connector) -> None:
    """Every account has an id and a zone, once."""
    accounts = connector.accounts()
    assert accounts
    assert len({account.account_id for account in accounts}) == len(accounts)
    for account in accounts:
        assert ZoneInfo(account.time_zone)


def test_something_is_read_and_accounted_for(landed: list[Landed]) -> None:
    """Received = mapped + quarantined, of a number that is not zero, and clean vendors lose no row."""
    assert sum(each.manifest.received for each in landed) > 0
    for each in landed:
        manifest = each.manifest
        assert manifest.received == manifest.mapped + manifest.quarantined
        assert manifest.quarantined == 0
        assert manifest.drift == []
        assert manifest.tables == {name: each.table(name).num_rows for name in manifest.tables}


def test_frames_are_canonical(stream: Stream, landed: list[Landed]) -> None:
    """Every output lands in exactly the columns and types of its record; keys and places in landing are filled."""
    for each in landed:
        assert set(each.manifest.tables) == {output.table.name for output in stream.outputs}
        for output in stream.outputs:
            table = each.table(output.table.name)
            assert table.schema.equals(output.table.arrow())
            assert {name: table[name].null_count for name in (*output.table.key, *TECHNICAL)} == dict.fromkeys(
                (*output.table.key, *TECHNICAL), 0)


def test_mapping_is_pure(connector: Connector, jobs: list[Slice], tmp_path: Path) -> None:
    """The same page gives the same frames twice, and replaying a slice gives the same files."""
    for job in jobs:
        for page in connector.pages(job):
            first, second = (checked(job.stream, page, connector.map(job, page)) for _ in range(2))
            assert first[1].equals(second[1])
            assert all(first[0][name].equals(second[0][name]) for name in first[0])
        zone = LandingZone(tmp_path)
        assert land(connector, job, zone) == replay(connector, job, zone)


def test_keys_are_unique(stream: Stream, landed: list[Landed]) -> None:
    """No two different rows of a slice claim the same key: a dedupe never has to choose."""
    for each in landed:
        for output in stream.outputs:
            rows = [dict(row) for row in each.rows(output.table.name)]
            assert len({tuple(row[name] for name in output.table.key) for row in rows}) == len(rows)


def test_windows_are_respected(stream: Stream, jobs: list[Slice], landed: list[Landed]) -> None:
    """A window stream brings the days it was asked for, in the account's calendar, and no other."""
    for job, each in zip(jobs, landed, strict=True):
        for output in stream.outputs:
            rows = each.table(output.table.name)
            if stream.kind is StreamKind.WINDOW and "day" in rows.column_names:
                assert all(day in job.window for day in rows["day"].to_pylist())
            if "valid_from_day" in rows.column_names:
                today = last_full_day(job.as_of, job.account.time_zone)
                assert set(rows["valid_from_day"].to_pylist()) <= {today}


def test_no_secret_and_no_person_leaves_the_restricted_tables(
        stream: Stream, pair: tuple[str, str], landed: list[Landed], company: Company) -> None:
    """Neither a token nor an e-mail address nor a phone number stands in a frame that analysts may see."""
    personal = {text for lead in company.leads for text in (lead.email, lead.phone) if text}
    for each in landed:
        for output in (output for output in stream.outputs if output.table.layer is not Layer.RESTRICTED):
            found = {value for row in each.rows(output.table.name) for _, value in row if isinstance(value, str)}
            assert not found & (personal | set(CASES[pair[0]].secrets.values()))
            assert not any("@" in text and "." in text.rpartition("@")[2] for text in found)
        assert not any(secret in str(each.manifest) for secret in CASES[pair[0]].secrets.values())


def test_reading_again_gives_the_same_rows(connector: Connector, jobs: list[Slice], landed: list[Landed]) -> None:
    """Nothing depends on when or how often a slice is read."""
    assert [read(connector, job).everything() for job in jobs] == [each.everything() for each in landed]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[HTTPServer]:
    """A host that is nobody's vendor, to which bad answers point."""
    with HTTPServer() as opened:
        yield opened


@pytest.mark.parametrize("kind", PASSING)
def test_passing_faults_change_nothing(
        server: SandboxServer, subject: Subject, elsewhere: HTTPServer, kind: str) -> None:
    """A hiccup on the way, and the rows are the same as without it; nobody is asked but the vendor."""
    server.inject(Fault(subject.vendor, kind, after=subject.midway, params={"url": elsewhere.url_for("")}))
    assert read(subject.connector, subject.job).everything() == subject.peace.everything()
    assert elsewhere.log == []


@pytest.mark.parametrize("kind", TWISTED)
def test_twisted_answers_never_change_the_rows(
        server: SandboxServer, subject: Subject, elsewhere: HTTPServer, kind: str, tmp_path: Path) -> None:
    """Pages twice, cursors in circles, redirects, spent quotas: the same rows, or a typed refusal and nothing lands."""
    zone, after = LandingZone(tmp_path), subject.midway
    params = {"url": elsewhere.url_for(""), "length": 1 + after}
    server.inject(Fault(subject.vendor, kind, after=after, params=params))
    refusal = _refusal(lambda: land(subject.connector, subject.job, zone))
    assert elsewhere.log == []
    manifest = zone.manifest(subject.job)
    if refusal is not None:
        assert (refusal.where, manifest) == (str(subject.job), None)
    else:
        assert manifest is not None
        assert Landed(zone, manifest).everything() == subject.peace.everything()


def _refusal(action: Callable[[], object]) -> CrosscheckError | None:
    try:
        action()
    except CrosscheckError as error:
        return error
    return None


def test_a_vendor_that_stays_broken_is_refused(server: SandboxServer, subject: Subject) -> None:
    """HTML for ever is an error with a place, not an empty slice; no error shows a secret."""
    server.inject(Fault(subject.vendor, "html_200", times=10_000))
    with pytest.raises(CrosscheckError) as caught:
        read(subject.connector, subject.job)
    assert caught.value.where == str(subject.job)
    assert not any(secret in str(caught.value) for secret in CASES[subject.vendor].secrets.values())


def test_a_forbidden_account_sinks_only_itself(
        server: SandboxServer, pair: tuple[str, str], connector: Connector, jobs: list[Slice]) -> None:
    """Permission lost for one account is told as such; the others are read."""
    if len(jobs) == 1:
        pytest.skip("one account only")
    server.inject(Fault(pair[0], "forbidden_account", path_contains=jobs[0].account.account_id))
    with pytest.raises(CrosscheckError) as caught:
        read(connector, jobs[0])
    assert caught.value.exit_code == 7
    assert read(connector, jobs[1]).manifest.received >= 0


def test_unknown_keys_are_reported_not_mapped(server: SandboxServer, subject: Subject) -> None:
    """A key nobody knows stays in the raw page, is named as drift, and changes no row."""
    server.inject(Fault(subject.vendor, "new_column", params={"column": "hat_size"}))
    found = read(subject.connector, subject.job)
    assert found.everything() == subject.peace.everything()
    assert found.manifest.received == 0 or any("hat_size" in key for key in found.manifest.drift)
