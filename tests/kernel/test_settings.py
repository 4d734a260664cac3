"""Settings: one file, the environment before it, nothing misspelt, secrets by reference and readable by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.credentials import secret
from crosscheck import redact
from crosscheck.errors import ConfigError
from crosscheck.settings import Alerts, Channel, Settings, load

GOOD = """\
[project]
name = "shop"
reporting_currency = "VND"
time_zone = "Asia/Ho_Chi_Minh"

[[sources]]
name = "meta"
connector = "meta_ads"
secrets = { access_token = "env:META_TOKEN" }
options = { base_url = "${META_URL}/v26" }
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that the file names, and no secret known from before."""
    monkeypatch.setenv("META_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(redact, "_known", set())


def written(folder: Path, text: str = GOOD) -> Path:
    """The configuration file."""
    file = folder / "crosscheck.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_argument_environment_file_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its place in the order."""
    file = written(tmp_path)
    assert (load(file).project.name, load(file).project.lookback_days) == ("shop", 35)
    monkeypatch.setenv("CROSSCHECK_PROJECT__NAME", "branch")
    monkeypatch.setenv("CROSSCHECK_GATES__VOLUME_DROP", "0.3")
    settings = load(file)
    assert (settings.project.name, settings.project.reporting_currency) == ("branch", "VND")
    assert settings.gates.volume_drop == 0.3
    assert Settings(home=tmp_path, rules="elsewhere").rules == "elsewhere"


def test_only_load_reads_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings made by hand know no file, whatever the environment or the folder offers; `load` leaves both alone."""
    file = written(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSCHECK_CONFIG", str(file))
    assert (Settings().project.name, Settings().sources) == ("crosscheck", ())
    monkeypatch.delenv("CROSSCHECK_CONFIG")
    assert load(file).project.name == "shop"
    assert "CROSSCHECK_CONFIG" not in os.environ


def test_a_sources_secret_file_lies_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder the night is started from."""
    (tmp_path / "token").write_text("s3cret-token")
    (tmp_path / "token").chmod(0o600)
    (source,) = load(written(tmp_path, GOOD.replace("env:META_TOKEN", "file:token"))).sources
    monkeypatch.chdir("/")
    assert secret(source, "access_token") == "s3cret-token"


def test_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    """Wherever it is called from; an address with a scheme stays as it is."""
    settings = load(written(tmp_path))
    assert settings.landing == str(tmp_path / "var/landing")
    assert settings.path("rules") == tmp_path / "rules"
    remote = load(written(tmp_path, GOOD + '[store]\nlanding = "s3://bucket/landing"\n'))
    assert remote.landing == "s3://bucket/landing"


def test_options_name_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` is filled in; a name that is not set stops whoever opens the source, and nobody else."""
    (source,) = load(written(tmp_path)).sources
    assert source.options == {"base_url": "http://127.0.0.1:1/v26"}
    source.require_environment()
    monkeypatch.delenv("META_URL")
    (source,) = load(written(tmp_path)).sources
    with pytest.raises(ConfigError, match="the environment has no META_URL") as caught:
        source.require_environment()
    assert caught.value.fix == "export META_URL=…"


@pytest.mark.parametrize(("old", "new", "key"), [
    ("[project]", "[projct]", "projct"),
    ('name = "shop"', 'nmae = "shop"', "project.nmae"),
    ('connector = "meta_ads"', 'conector = "meta_ads"', "sources.0."),
    ('name = "meta"', 'name = "Meta Ads"', "sources.0.name"),
    ("[project]", "[project]\nhistory_days = 0", "project.history_days"),
    ('"Asia/Ho_Chi_Minh"', '"Asia/Hanoi"', "project.time_zone"),
    ('"env:META_TOKEN"', '"EAAB-the-token-itself"', "sources.0.secrets.access_token"),
    ("[project]", '[alerts]\ncritical = ["tgram://123:abc/chat"]\n[project]', "alerts.critical.0"),
])
def test_a_mistake_is_refused_by_file_and_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    """What nobody knows, or cannot be, stops the start; what was written where a reference belongs is not repeated."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, GOOD.replace(old, new, 1)))
    assert caught.value.what.startswith(f"crosscheck.toml: {key}")
    assert "the-token-itself" not in str(caught.value)
    assert "abc/chat" not in str(caught.value)


def test_no_file_and_no_toml(tmp_path: Path) -> None:
    """Both are named with the next step."""
    with pytest.raises(ConfigError, match="Next: crosscheck init"):
        load(tmp_path / "crosscheck.toml")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(written(tmp_path, "[project\n"))


def test_a_secret_file_is_for_its_owner(tmp_path: Path) -> None:
    """Mode 600 is read, without the line's end; anything wider is refused with the command that mends it."""
    settings, file = load(written(tmp_path)), tmp_path / "token"
    file.write_text("s3cret-token\n", encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="readable by others") as caught:
        settings.secret("file:token")
    assert caught.value.fix == f"chmod 600 {file}"
    file.chmod(0o600)
    assert settings.secret("file:token") == "s3cret-token"
    assert redact.redact("key s3cret-token") == "key ***"


@pytest.mark.parametrize("ref", ["env:NO_SUCH_VARIABLE", "file:nowhere", "env:BLANK"])
def test_an_absent_secret_is_named_by_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str) -> None:
    """Missing, or empty but for spaces: the same message."""
    monkeypatch.setenv("BLANK", "  ")
    with pytest.raises(ConfigError, match=f"secret {ref} is empty or missing"):
        load(written(tmp_path)).secret(ref)


def test_channels_have_names_and_go_by_what_they_are_for() -> None:
    """The old lists are channels by their references; breaches fall back to whoever hears of anything."""
    alerts = Alerts(critical=("env:A", "env:B"), warning=("env:B",), channels=(
        Channel(name="heads", url="env:C", severities=("critical", "sla"), audience="reader", language="vi"),))
    assert [each.name for each in alerts.told("critical")] == ["env:A", "env:B", "heads"]
    assert [each.name for each in alerts.told("warning")] == ["env:B"]
    assert [each.name for each in alerts.told("sla")] == ["heads"]
    assert alerts.told("heartbeat") == ()
    assert [each.name for each in Alerts(warning=("env:B",)).told("sla")] == ["env:B"]


def test_a_channel_is_refused_that_cannot_be_meant(tmp_path: Path) -> None:
    """Two of one name, an address instead of its reference, a severity that nobody knows."""
    for lines, said in (('name = "a"\nurl = "zalo://token/chat"', "by reference"),
                        ('name = "a"\nurl = "env:A"\nseverities = ["loud"]', "severities"),
                        ('name = "a"\nurl = "env:A"\n[[alerts.channels]]\nname = "a"\nurl = "env:B"', "two channels")):
        with pytest.raises(ConfigError, match=said):
            load(written(tmp_path, f"[[alerts.channels]]\n{lines}\n"))
