"""Declared against found, without a server; and what a server that refuses is answered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from crosscheck.errors import ConfigError
from flows.declared import read
from flows.deployments import differences
from flows.server import Missing, Server

ROOT = Path(__file__).parents[2]
RULE = {"cron": "0 2 * * *", "timezone": "UTC", "parameters": {}}
CASES: dict[str, tuple[Any, Any, list[str]]] = {
    "equal, whatever the server adds": ({"a": 1}, {"a": 1, "id": "x"}, []),
    "changed": ({"version": "2"}, {"version": "1"}, ["version: 1 → 2"]),
    "not there yet": ({"description": "x"}, {}, ["description: nothing → x"]),
    "a plain list has no order": ({"expect": ["a", "b"]}, {"expect": ["b", "a"]}, []),
    "nested": ({"schedules": {"n": RULE}}, {"schedules": {"n": {**RULE, "cron": "0 3 * * *"}}},
               ["schedules.n.cron: 0 3 * * * → 0 2 * * *"]),
    "a pause is the operator's": ({"schedules": {"n": RULE}}, {"schedules": {"n": {**RULE, "active": False}}}, []),
    "a pause that the file speaks of": ({"schedules": {"n": {**RULE, "active": True}}},
                                        {"schedules": {"n": {**RULE, "active": False}}},
                                        ["schedules.n.active: False → True"]),
    "a parameter too many": ({"parameters": {}}, {"parameters": {"deep": True}}, ["parameters.deep: True → nothing"]),
    "a variable too many": ({"job_variables": {"env": {}}}, {"job_variables": {"env": {"X": "1"}}},
                            ["job_variables.env.X: 1 → nothing"]),
    "a list of records": ({"actions": [{"type": "a"}]}, {"actions": [{"type": "b", "id": 1}]},
                          ["actions[0].type: b → a"]),
    "numbers are numbers": ({"within": 900}, {"within": 900.0}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_differences_are_said_from_what_is_to_what_shall_be(case: str) -> None:
    """Each with its place; what the file does not speak of is the server's, but for schedules and parameters."""
    wanted, found, told = CASES[case]
    assert list(differences(wanted, found)) == told


@pytest.mark.parametrize(("line", "missing"), [('{cron: "0 2 * * *", timezone: UTC}', "slug"),
                                               ('{slug: n, cron: "0 2 * * *"}', "timezone")])
def test_a_schedule_needs_slug_and_zone(tmp_path: Path, line: str, missing: str) -> None:
    """Without the one every deploy doubles it, without the other it runs at another hour than people think."""
    (tmp_path / "prefect.yaml").write_text(
        f"deployments:\n- {{name: n, entrypoint: '{ROOT}/flows/nightly.py:nightly', schedules: [{line}]}}\n")
    with pytest.raises(ConfigError, match=f"a schedule of n has no {missing}"):
        read(tmp_path / "prefect.yaml", tmp_path / "absent.yaml")


@pytest.mark.parametrize(("text", "told"), [("a: [", "is not YAML"), ("name: x", "declares no deployment"),
                                            (None, "no prefect.yaml here")])
def test_a_file_that_declares_nothing_is_named(tmp_path: Path, text: str | None, told: str) -> None:
    """Broken, empty or absent: one sentence."""
    if text is not None:
        (tmp_path / "prefect.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read(tmp_path / "prefect.yaml", tmp_path / "absent.yaml")


def test_a_schedule_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Prefect's own templates do it; what only a build step knows is not compared."""
    monkeypatch.setenv("AT", "15 3 * * *")
    (tmp_path / "prefect.yaml").write_text(
        f"deployments:\n- name: n\n  entrypoint: '{ROOT}/flows/nightly.py:nightly'\n"
        "  version: '{{ commit.stdout }}'\n  work_pool: {name: p}\n"
        "  schedules: [{slug: n, cron: '{{ $AT }}', timezone: UTC}]\n")
    [found] = read(tmp_path / "prefect.yaml", tmp_path / "absent.yaml").deployments
    assert (found.name, found.flow, found.pool) == ("n", "nightly", "p")
    assert found.shape["schedules"] == {"n": {"cron": "15 3 * * *", "timezone": "UTC", "parameters": {}}}
    assert "version" not in found.shape


@pytest.mark.parametrize(("known", "told"), [("", "wants a password"), ("crosscheck:wrong", "refuses the password")])
def test_a_refused_password_is_a_sentence(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, known: str,
                                          told: str) -> None:
    """None set, or a wrong one: told apart, never repeated, with the setting to mend."""
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", known)
    httpserver.expect_request("/api/admin/version").respond_with_data("", status=401)
    with pytest.raises(ConfigError, match=told) as refused:
        Server(httpserver.url_for("/api")).ask("/admin/version")
    assert "PREFECT_API_AUTH_STRING" in refused.value.fix
    assert "wrong" not in str(refused.value)


def test_a_busy_server_is_asked_again(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite answers 503 while somebody else writes; absent is an answer, every other refusal is told."""
    monkeypatch.setattr("flows.server.time.sleep", lambda _seconds: None)
    httpserver.expect_ordered_request("/api/a").respond_with_data("", status=503)
    httpserver.expect_ordered_request("/api/a").respond_with_json({"x": 1})
    server = Server(httpserver.url_for("/api"))
    assert server.ask("/a") == {"x": 1}
    httpserver.expect_request("/api/b").respond_with_data("", status=404)
    assert server.find("/b") is None
    with pytest.raises(Missing):
        server.ask("/b")
    httpserver.expect_request("/api/c").respond_with_data("column x", status=422)
    with pytest.raises(ConfigError, match="answers 422 to /c: column x"):
        server.ask("/c")


def test_a_server_is_named_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect would start one of its own that plans nothing."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(ConfigError, match="no PREFECT_API_URL is set"):
        Server.from_environment()
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(ConfigError, match="no Prefect server answers"):
        Server.from_environment().ask("/admin/version")
