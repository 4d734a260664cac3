"""One operator's week at the command line: a first night, looking around, three bad nights, a backfill.

The tests of this file share a company and its warehouse, and are read from top to bottom.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crosscheck.cli.demo import Stage
from crosscheck.settings import load
from sandbox import credentials
from sandbox.faults import Fault
from tests.cli.conftest import Answer, say
from warehouse import open_warehouse
from warehouse.marts import MARTS
from warehouse.reading import published_rows

pytestmark = [pytest.mark.nights, pytest.mark.xdist_group("cli"), pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
SECRETS = [value for name, value in vars(credentials).items() if name.isupper()]


@pytest.fixture(autouse=True)
def shell(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in which the operator types; no vendor misbehaves unless a test says so."""
    monkeypatch.chdir(play.config.parent)
    monkeypatch.setenv("CROSSCHECK_CONFIG", "crosscheck.toml")
    play.server.clear_faults()


@pytest.fixture(scope="session")
def first(play: Stage) -> Answer:
    """The first night."""
    return say("run", "--as-of", play.dawn(1).isoformat(), "--config", play.config, "--json")


def row_of(play: Stage, mart: str) -> dict[str, Any]:
    """A published row with a campaign, if the mart has one: the one with most money."""
    rows, money = published_rows(load(play.config), [mart])[mart], ("spend_reporting_amount", "change_reporting_amount")
    return max(rows, key=lambda row: (*(row.get(name) or 0 for name in money), row.get("won_count") or 0))


def test_doctor_asks_every_source(play: Stage) -> None:
    """Each source names the accounts that it reaches; no secret is shown."""
    play.dawn(1)
    answer = say("doctor")
    assert answer.code == 0, answer.out
    assert all(f"✓ source {source}" in answer.out for source in ("google_ads", "meta_ads", "hubspot", "getfly", "fx"))
    assert "Asia/Ho_Chi_Minh" in answer.out
    assert [secret for secret in SECRETS if secret in answer.out + answer.err] == []


def test_doctor_names_each_secret_that_is_not_well(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, wrong, readable by all, and a mapping that is not there: one finding and next step each."""
    monkeypatch.delenv("GETFLY_API_KEY")
    monkeypatch.setenv("META_ACCESS_TOKEN", "EAAWrongWrongWrong")
    (play.config.parent / "hubspot.token").write_text("pat-na1-readable")
    (play.config.parent / "hubspot.token").chmod(0o644)
    text = play.config.read_text(encoding="utf-8")
    other = play.config.with_name("other.toml")
    text = text.replace("env:HUBSPOT_TOKEN", "file:hubspot.token").replace("mappings/fx.yaml", "mappings/no.yaml")
    other.write_text(text, encoding="utf-8")
    answer = say("doctor", "--config", other)
    assert answer.code == 3
    found = dict(line[2:].split(": ", 1) for line in answer.out.splitlines() if line[:1] in "✓✗")
    bad = {line.split(":")[0][2:] for line in answer.out.splitlines() if line.startswith("✗")}
    assert bad == {"source getfly", "source meta_ads", "source hubspot", "source fx"}
    assert "GETFLY_API_KEY" in found["source getfly"]
    assert "readable by others" in found["source hubspot"]
    assert "no.yaml" in found["source fx"]
    assert "chmod 600" in answer.out
    assert "EAAWrong" not in answer.out + answer.err


def test_the_first_night_publishes(first: Answer) -> None:
    """Exit code 0, one document on standard output, and rows that add up."""
    assert first.code == 0, first.err
    counts = first.json["counts"]
    assert first.json["outcome"] == "published"
    assert counts["received"] == counts["staged"] + counts["quarantined"] + counts["deduplicated"] > 1000
    assert [secret for secret in SECRETS if secret in first.out + first.err] == []


@pytest.mark.parametrize(("words", "step"), [
    ("doctor", "crosscheck connect test"), ("connect test --quick", "crosscheck plan"), ("plan", "crosscheck run"),
    ("report --language vi --out later", "crosscheck explain closed_rate says a number of it in words"),
])
def test_each_command_offers_the_next_one(first: Answer, words: str, step: str) -> None:
    """The first ten minutes are a chain: the last line for eyes, and a field for scripts."""
    assert first.json["next"].startswith("crosscheck report")
    answer = say(*words.split())
    assert answer.code == 0, answer.err
    assert answer.err.splitlines()[-1].startswith(f"  next: {step}")
    assert say(*words.split(), "--json").json["next"].startswith(step)


def test_status_after_it(first: Answer) -> None:
    """Runs and streams, as tables whose rows are single lines, and as JSON."""
    shown = say("status")
    assert shown.code == 0
    assert any(first.json["run_id"] in line and "published" in line for line in shown.out.splitlines())
    assert any("meta_ads/200000000000001/ad_daily" in line and "2026-11-18" in line for line in shown.out.splitlines())
    found = say("status", "--json").json
    assert found["runs"][0]["status"] == "published"
    assert found["refused"] == []


def test_verify_finds_nothing_wrong(first: Answer) -> None:
    """Every published number is the company's."""
    answer = say("verify", ".", "--night", "1", "--json")
    assert answer.code == 0, answer.out[:2000]
    assert answer.json["facts"] > 5000
    assert answer.json["wrong"] == 0


_SAY = """
import json, sys
from crosscheck.__main__ import call
print(json.dumps([call(words) for words in json.load(sys.stdin)]))
"""
_LOOKING = ("status", "freshness", "sql lead_quality", "trace campaign_roi_closed platform=meta_ads",
            "explain closed_rate", "as-of tieout --on 2026-11-19", "verify . --night 1", "report --out nobodys",
            "page --out nobodys", "letters --preview nobodys", "pause fx --until 2099-01-01 --reason x", "resume fx")


def test_who_only_looks_needs_no_variable(play: Stage, first: Answer) -> None:
    """In an environment that knows nothing of the demo; who reads a vendor is told which variable is missing."""
    words = [*_LOOKING, "plan", "run", "connect test meta_ads"]
    done = subprocess.run([sys.executable, "-c", _SAY], input=json.dumps([text.split() for text in words]), text=True,
                          env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, cwd=play.config.parent,
                          capture_output=True, check=True)
    codes = dict(zip(words, json.loads(done.stdout.splitlines()[-1]), strict=True))
    assert codes == {**dict.fromkeys(_LOOKING, 0), **dict.fromkeys(words[-3:], 3)}, done.stderr
    assert done.stderr.count("next: export SANDBOX_META_ADS=…") == 2
    assert "next: export SANDBOX_GOOGLE_ADS=…" in done.stderr


def test_as_of_shows_what_was_published_then(play: Stage, first: Answer) -> None:
    """The night's own day gives its rows, all of them or those that a key names; the day before there was nothing."""
    now = published_rows(load(play.config), ["tieout"])["tieout"]
    found = say("as-of", "tieout", "--on", "2026-11-19", "--json").json
    assert (found["run_id"], len(found["rows"])) == (first.json["run_id"], len(now))
    shown = say("as-of", "tieout", "statement=leads_in", "--on", "2026-11-30")
    assert shown.out.startswith(f"tieout ({sum(row['statement'] == 'leads_in' for row in now)})")
    assert first.json["run_id"] in shown.err
    before = say("as-of", "tieout", "--on", "2026-11-18")
    assert (before.code, before.out) == (3, "")
    assert "the archive begins on 2026-11-19" in before.err


#: A first night changes no rule, and nobody can appeal before it.
EMPTY = ("appeal", "rule_change_impact", "rule_change_effect")


@pytest.mark.parametrize("mart", [mart.name for mart in MARTS if mart.name not in EMPTY])
def test_trace_opens_a_row_of_every_mart(play: Stage, first: Answer, mart: str) -> None:
    """Its whole key names one row; money leads to leads, deals or ad rows; every piece says where its payload lies."""
    row = row_of(play, mart)
    key = [f"{name}={row[name]}" for name in next(each for each in MARTS if each.name == mart).record.key]
    answer = say("trace", mart, *key, "--json")
    assert answer.code == 0, answer.err
    assert len(answer.json["rows"]) == 1
    evidence = [*answer.json["leads"], *answer.json["deals"], *answer.json["ads"]]
    assert all({"slice_id", "page_no", "row_no"} <= piece.keys() for piece in evidence)
    assert evidence or "campaign_id" not in row
    assert say("trace", mart, *key).out.startswith("published (1)")


@pytest.mark.parametrize(("mart", "cut", "counted"), [
    ("metric_coverage", {"metric": "speed_to_lead"}, ("leads", "eligible_count")),
    ("metric_coverage", {"metric": "roi"}, ("deals", "eligible_count")),
    ("unmatched_leads", {"unmatched_reason": "no_tracking"}, ("leads", "lead_count")),
    ("tieout", {"statement": "won_by_cohort"}, ("deals", "told_count")),
    ("tieout", {"statement": "leads_in"}, ("leads", "told_count")),
    ("sourcing", {"definition": "first_touch", "sourcing_side": "unknown"}, ("deals", "won_deal_count")),
    ("sourcing", {"definition": "before_sales", "sourcing_side": "marketing"}, ("deals", "won_deal_count")),
    ("campaign_roi_cohort", {"horizon_days": 90}, ("leads", "lead_count")),
    ("lead_quality", {}, ("leads", "lead_count")),
], ids=str)
def test_trace_shows_what_the_row_counts(play: Stage, first: Answer, mart: str, cut: dict[str, Any],
                                         counted: tuple[str, str]) -> None:
    """As many pieces as the row says, all of its own source, and of the kinds that it does not count none."""
    rows = [row for row in published_rows(load(play.config), [mart])[mart] if cut.items() <= row.items()]
    record, (kind, column) = next(each for each in MARTS if each.name == mart).record, counted
    for row in rows[:4]:
        key = [f"{name}={row[name]}" for name in record.key]
        found = say("trace", mart, *key, "--limit", "100000", "--json").json
        assert len(found[kind]) == row[column]
        if "source" in row:
            assert {piece["source"] for piece in found[kind]} == {row["source"]}
            assert [found[other] for other in ("leads", "deals", "ads", "restated") if other != kind] == [[], [], []]


def test_trace_ends_at_what_the_vendor_said(play: Stage, first: Answer) -> None:
    """The payload is the vendor's own answer, to the character."""
    row = row_of(play, "campaign_roi_closed")
    key = [f"{name}={row[name]}" for name in ("platform", "account_id", "campaign_id", "close_month")]
    found = say("trace", "campaign_roi_closed", *key, "--json").json
    assert found["ads"]
    assert found["leads"]
    for piece in (found["ads"][0], found["leads"][0]):
        words = ("trace", "campaign_roi_closed", "--payload", piece["slice_id"], "--page", str(piece["page_no"]))
        body = say(*words, "--json").json["body"]
        assert say(*words).out == body + "\n"
        assert body[0] in "{["


@pytest.mark.parametrize("words", [
    ("lead_fact", "--payload", "nothing"), ("campaign_roi_daily", "nonsense=1"),
    ("campaign_roi_daily", "day=yesterday"), ("campaign_roi_daily", "campaign_id=0"), ("nothing", "a=1")], ids=" ".join)
def test_trace_of_nothing_says_what_there_is(first: Answer, words: tuple[str, ...]) -> None:
    """A next step, and no traceback."""
    answer = say("trace", *words)
    assert answer.code == 3
    assert "next:" in answer.err
    assert "Traceback" not in answer.err


def test_the_printed_sql_gives_the_published_rows(play: Stage, first: Answer) -> None:
    """What `sql` prints runs as it stands and finds as many rows as were published."""
    published = published_rows(load(play.config), {mart.name for mart in MARTS})
    with open_warehouse(load(play.config), lock=False) as wh, wh.engine.connect() as conn:
        for mart in MARTS:
            text = say("sql", mart.name, "--as-of", first.json["as_of"]).out
            found = conn.exec_driver_sql(f"SELECT count(*) FROM ({text.rstrip().rstrip(';')})").scalar()
            assert found == len(published[mart.name]), mart.name


def test_a_planted_fault_stops_the_night(play: Stage, first: Answer) -> None:
    """Exit code 5, the check and the Data Docs are named, and the published tables are those of the night before."""
    before = published_rows(load(play.config), ["campaign_roi_daily"])
    as_of = play.dawn(2)
    play.server.inject(Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))
    answer = say("run", "--as-of", as_of.isoformat())
    assert (answer.code, answer.out) == (5, "")
    assert "gate 1" in answer.err
    assert "next: open" in answer.err
    assert published_rows(load(play.config), ["campaign_roi_daily"]) == before
    assert any("gate 1" in line for line in say("status").err.splitlines())


def test_a_real_change_is_accepted_with_its_reason(play: Stage, first: Answer) -> None:
    """Without a reason nothing begins; with one the refused night publishes, and its warning says who and why."""
    as_of = play.dawn(2)
    play.server.inject(Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))
    words = ["run", "--as-of", as_of.isoformat(), "--json"]
    for check in ("rows are where rows were", "the last days did not vanish"):
        words += ["--accept", f"ad_daily: {check}"]
    assert say(*words).code == 3
    answer = say(*words, "--reason", "nine campaigns of ten were closed")
    assert answer.code == 0, answer.err
    details = [check["detail"] for check in answer.json["failed_checks"] if check["table"] == "ad_daily"]
    assert any("nine campaigns of ten were closed" in detail for detail in details)


def test_a_night_in_which_nothing_can_be_read(play: Stage, first: Answer) -> None:
    """Exit code 4, each source with what to do."""
    play.server.inject(Fault("meta_ads", "forbidden_account"))
    answer = say("run", "--as-of", "2026-11-19T20:00:00Z", "--source", "meta_ads", "--json")
    assert answer.code == 4
    assert answer.json["outcome"] == "unread"
    assert answer.json["refused"][0]["where"].startswith("meta_ads")


def test_a_refused_account_leaves_the_rest(play: Stage, first: Answer) -> None:
    """Exit code 7: published, and the account that stayed behind is named with its next step."""
    as_of = play.dawn(2)
    play.server.inject(Fault("meta_ads", "forbidden_account", path_contains="200000000000002"))
    answer = say("run", "--as-of", as_of.isoformat(), "--json")
    assert answer.code == 7, answer.err
    assert answer.json["outcome"] == "partial"
    assert {item["where"].split(" / ")[1] for item in answer.json["refused"]} == {"200000000000002"}
    assert all(item["next"] for item in answer.json["refused"])


def test_a_backfill_continues_where_it_was_stopped(play: Stage, first: Answer) -> None:
    """The first chunk is published, the second refused (exit code 5); repeated, only the second is read, then none."""
    words = ("backfill", "2026-10-01..2026-10-20", "--source", "google_ads", "--chunk-days", "10", "--as-of",
             play.dawn(2).isoformat(), "--json")
    play.server.inject(Fault("google_ads", "empty_answer", path_contains="2026-10-11", times=10_000))
    stopped = say(*words)
    assert stopped.code == 5, stopped.err
    assert [chunk["outcome"] for chunk in stopped.json["chunks"]] == ["published", "gate_failed"]
    play.server.clear_faults()
    resumed = say(*words)
    assert resumed.code == 0, resumed.err
    assert [chunk["outcome"] for chunk in resumed.json["chunks"]] == ["published"]
    assert "2026-10-11..2026-10-20" in resumed.json["chunks"][0]["run_id"]
    nothing = say(*words)
    assert (nothing.code, nothing.json["chunks"]) == (0, [])


def test_the_watch_looks_at_the_newest_publication(play: Stage, first: Answer) -> None:
    """Quiet within the deadline; exit code 5 and an alert after it."""
    assert say("watch", "--at", "2026-11-20T12:00:00Z").code == 0
    late = say("watch", "--at", "2026-11-25T12:00:00Z", "--json")
    assert late.code == 5
    assert "hours ago" in late.json["text"]
    assert any("no night was published in time" in str(message["title"]) for message in play.sink.messages)


def test_a_second_run_finds_the_lock(play: Stage, first: Answer) -> None:
    """Exit code 6 in a process of its own, naming the holder."""
    with open_warehouse(load(play.config)):
        words = [sys.executable, "-m", "crosscheck", "run", "--as-of", "2026-11-20T19:00:00Z"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 6, done.stderr
        assert f"PID {os.getpid()}" in done.stderr
        assert done.stdout == ""


def test_the_published_file_opens_in_a_plain_client(play: Stage, first: Answer) -> None:
    """An analyst needs nothing of Crosscheck's to read it."""
    file: Path = load(play.config).path(load(play.config).store.published)
    with duckdb.connect(str(file), read_only=True) as client:
        assert client.sql("SELECT count(*) FROM mart.campaign_roi_daily").fetchone() != (0,)
