"""Alert texts name who acts, what failed with its numbers, what readers see, and the next command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from crosscheck.errors import AccountRefused, ConfigError, CrosscheckError
from crosscheck.settings import Alerts, Project, Settings, Source
from expectations.gate import GateResult
from expectations.rules import CheckResult, Severity
from flows.notify import all_green, gate_failed, gates_warned, night_failed, sources_refused
from flows.outbox import CRITICAL, HEARTBEAT, NOTED, WARNING

SETTINGS = Settings(project=Project(name="noithat"), alerts=Alerts(owner="An, phone 123"),
                    sources=(Source(name="crm", connector="hubspot"),
                             Source(name="extra", connector="files", required=False)))
EMPTY = CheckResult(
    "ad_daily", "rows are where rows were", Severity.FAIL, success=False, evaluated_rows=4, failing_rows=1,
    detail="volume left 0.5..10 times its history: stream_key=meta/42/spend rows_now=0 rows_before=175")
DOUBLE = CheckResult("lead", "key is unique", Severity.WARN, success=False, evaluated_rows=90, failing_rows=2)
RESULT = GateResult(1, passed=False, checks=(EMPTY, DOUBLE), quarantined=3)


@dataclass
class Refusal:
    """As the flows have it."""

    source: str
    error: CrosscheckError


def test_a_stopped_gate_is_one_message_with_everything_in_it() -> None:
    """Owner, source and account, numbers, consequence, next command."""
    message = gate_failed("nightly-1", RESULT, SETTINGS)
    assert message.severity == CRITICAL
    for part in ("An, phone 123", "meta/42/spend", "rows_before=175", "1 of 4", "3 quarantined rows", "unchanged",
                 "crosscheck status", 'crosscheck run --accept "ad_daily: rows are where rows were" --reason'):
        assert part in message.body
    assert "key is unique" not in message.body


def test_a_wrong_number_is_not_offered_to_be_accepted() -> None:
    """Only what is held against history is."""
    wrong = replace(EMPTY, check="every amount has a rate")
    assert "--accept" not in gate_failed("nightly-1", replace(RESULT, checks=(wrong,)), SETTINGS).body


def test_the_topic_follows_from_the_checks_not_from_the_run() -> None:
    """So that the same fault cools down and another one does not."""
    again = gate_failed("nightly-2", RESULT, SETTINGS)
    other = gate_failed("nightly-2", replace(RESULT, checks=(replace(EMPTY, check="another"),)), SETTINGS)
    assert gate_failed("nightly-1", RESULT, SETTINGS).topic == again.topic != other.topic


def test_warnings_are_a_digest_or_nothing() -> None:
    """One message for all gates; none for a clean night."""
    message = gates_warned("nightly-1", [RESULT], SETTINGS)
    assert message is not None
    assert message.severity == WARNING
    assert "lead: key is unique (2 of 90)" in message.body
    assert gates_warned("nightly-1", [GateResult(2, passed=True, checks=())], SETTINGS) is None


def test_a_source_is_told_once_with_its_accounts_and_the_fix() -> None:
    """Many refused slices of a source are one message; an optional source only warns."""
    refused = [Refusal("crm", AccountRefused("no access", where="crm / 1 / deals", fix="give it access")),
               Refusal("crm", AccountRefused("no access", where="crm / 2 / deals", fix="give it access")),
               Refusal("extra", ConfigError("file missing"))]
    crm, extra = sources_refused("nightly-1", refused, SETTINGS)
    assert (crm.severity, extra.severity) == (CRITICAL, WARNING)
    assert "crm / 1 / deals: no access" in crm.body
    assert "crm / 2 / deals: no access" in crm.body
    assert "give it access" in crm.body


def test_an_error_says_where_and_what_next() -> None:
    """A night that ended before a gate."""
    message = night_failed("nightly-1", ConfigError("no rule file", where="rules", fix="crosscheck init"), SETTINGS)
    assert "Where: rules" in message.body
    assert "crosscheck init" in message.body


def test_a_reader_is_told_what_it_means_and_no_command() -> None:
    """In his language: which numbers it is about and who sees to it; nothing to type, no detail of a check."""
    message = gate_failed("nightly-1", RESULT, SETTINGS)
    _, body = message.others["vi", "reader"]
    assert "chi phí quảng cáo" in body
    assert "An, phone 123 đã nhận tin" in body
    assert "rows_before" not in body
    assert "crosscheck" not in body
    assert message.others["en", "operator"] == (message.title, message.body)
    assert "Việc tiếp theo: crosscheck status" in message.others["vi", "operator"][1]


def test_a_source_is_told_with_the_numbers_that_rest_on_it() -> None:
    """What is not up to date, and since when."""
    [crm] = sources_refused("nightly-1", [Refusal("crm", AccountRefused("no access"))], SETTINGS,
                            {"crm": date(2026, 11, 20)})
    assert "complete up to 2026-11-20" in crm.body
    assert "Not up to date until it is read:" in crm.body
    assert "leads and the five ratios" in crm.body


def test_a_green_night_is_told_and_is_no_trouble() -> None:
    """A sign of life says up to which day each source is complete, what was left out, and is never resolved."""
    green = all_green("nightly-1", {"crm": date(2026, 11, 20)}, ["- meta is paused"], 0, SETTINGS)
    assert (green.severity, green.state) == (HEARTBEAT, NOTED)
    assert green.title == "noithat: nightly-1 is published, all green"
    assert "- crm: complete up to 2026-11-20\n- meta is paused" in green.body
    warned = all_green("nightly-1", {}, [], 2, SETTINGS)
    assert warned.others["vi", "operator"][0] == "noithat: đã công bố nightly-1, có 2 cảnh báo"
