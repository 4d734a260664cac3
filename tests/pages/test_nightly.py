"""The nightly report in a real browser: three nights of a small company, as both heads would open it."""

from __future__ import annotations

import html
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from crosscheck.cli.demo import Stage, stage
from crosscheck.cli.look import pairs
from crosscheck.settings import Settings, load
from flows.night import Night, night
from report.nightly.read import MONTHS
from tests.cli.conftest import say
from warehouse import open_warehouse
from warehouse.reading import published_rows
from warehouse.trace import trace

pytestmark = [pytest.mark.pages, pytest.mark.xdist_group("nightly"), pytest.mark.timeout(900)]
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--no-first-run"]

#: What reaches beyond the right edge of its own section.
_BEYOND = """[...document.querySelectorAll('section *:not(svg *)')].filter(one => one.getBoundingClientRect().right >
one.closest('section').getBoundingClientRect().right + 1).map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A small company behind its vendors; its nights write reports."""
    with stage(tmp_path_factory.mktemp("pages") / "demo", scale=0.1) as made, pytest.MonkeyPatch.context() as env:
        env.setenv("CROSSCHECK_REPORT__ENABLED", "true")
        yield made


@pytest.fixture(scope="session")
def played(play: Stage) -> list[Night]:
    """Its first night, and the third, which reads two days."""
    return [night(load(play.config), play.dawn(number)) for number in (1, 3)]


@pytest.fixture(scope="session")
def settings(play: Stage, played: list[Night]) -> Settings:
    """The company's settings, after its nights."""
    return load(play.config)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield chromium
        chromium.close()


def opened(browser: Browser, settings: Settings, language: str, width: int, scheme: Any) -> tuple[Page, list[str]]:
    """The report, and everything that it complained of or asked the world for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else told.append(request.url))
    page.goto((settings.path(settings.report.folder) / f"nightly-{language}.html").as_uri())
    return page, told


def test_a_night_writes_both_languages(played: list[Night]) -> None:
    """The files of the last night, the page among them, are named by it, and none is too heavy for a telephone."""
    weights = {Path(path).name: Path(path).stat().st_size for path in played[-1].reports}
    assert list(weights) == ["nightly-vi.html", "nightly-en.html", "page.html"]
    assert max(weights["nightly-vi.html"], weights["nightly-en.html"]) < 400_000
    assert weights["page.html"] < 1_500_000, "the charting library is two thirds of it"
    assert any(line.startswith("report: ") for line in played[-1].lines())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_is_well_made(browser: Browser, settings: Settings, language: str, width: int, scheme: str) -> None:
    """No complaint, no request, nothing beyond the edge, and nothing that axe finds."""
    from axe_playwright_python.sync_playwright import Axe

    page, told = opened(browser, settings, language, width, scheme)
    for block in page.query_selector_all("details"):
        block.evaluate("one => one.open = true")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    beyond = page.evaluate(_BEYOND)
    found = Axe().run(page).response["violations"]
    page.close()
    assert told == []
    assert widths[0] <= widths[1]
    assert beyond == []
    assert [(one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"]) for one in found] == []


def test_one_chart_a_width(browser: Browser, settings: Settings) -> None:
    """A phone sees the narrow charts, a desk the wide ones, and none is read out twice."""
    for width, shown in ((390, "narrow"), (1280, "wide")):
        page, _ = opened(browser, settings, "vi", width, "light")
        seen = page.eval_on_selector_all("svg", "all => all.filter(one => one.getBoundingClientRect().width > 0)"
                                                ".map(one => one.classList[0])")
        page.close()
        assert set(seen) == {shown}


def test_the_waterfall_is_the_marts(browser: Browser, settings: Settings) -> None:
    """Each cause's leads in the page are the sum of the mart's rows of the months that it names."""
    rows = published_rows(settings, ["leak_waterfall"])["leak_waterfall"]
    months = sorted({row["cohort_month"] for row in rows})[-MONTHS:]
    sums: dict[str, int] = {}
    for row in rows:
        if row["cohort_month"] in months:
            sums[row["leak_cause"]] = sums.get(row["leak_cause"], 0) + row["lead_count"]
    page, _ = opened(browser, settings, "en", 1280, "light")
    told = page.eval_on_selector_all("[data-cause]", "all => all.map(one => [one.dataset.cause, +one.dataset.leads])")
    page.close()
    assert sums
    assert dict(told) == sums


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_command_opens_its_number(settings: Settings, language: str) -> None:
    """What the page tells to type finds published rows."""
    text = (settings.path(settings.report.folder) / f"nightly-{language}.html").read_text(encoding="utf-8")
    commands = {html.unescape(found) for found in re.findall(r"<code>(crosscheck trace .*?)</code>", text)}
    assert len(commands) > 40
    with open_warehouse(settings, lock=False) as wh:
        for command in sorted(commands):
            _, _, mart, *key = shlex.split(command)
            assert trace(wh, mart, pairs(key), 3).rows, command


def test_the_command_writes_it_again(settings: Settings, play: Stage, tmp_path: Path) -> None:
    """By hand, into a folder of one's own, in one language."""
    answer = say("report", "--language", "vi", "--out", tmp_path, "--config", play.config, "--json")
    assert answer.code == 0, answer.err
    (one,) = answer.json["reports"]
    assert (one["language"], one["path"]) == ("vi", str(tmp_path / "nightly-vi.html"))
    assert [path.name for path in tmp_path.iterdir()] == ["nightly-vi.html"]
