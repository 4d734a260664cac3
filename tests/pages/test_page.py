"""The page in a real browser: both languages, three widths, light and dark, by keyboard; its numbers are the marts'."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from report import page as pages
from report import terms
from report.words import Language, words
from tests.marts import world
from tests.marts.company import Company
from warehouse.marts.leak_causes import SET_ASIDE

pytestmark = pytest.mark.pages

ROOT = Path(__file__).parents[2]
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--no-first-run"]
_NEEDED = ("campaign_roi_closed", "campaign_roi_cohort", "attribution_summary", "lead_quality_by", "leak_waterfall",
           "leak_evidence", "source_freshness", "rule_version", "why_changed")
_SECTION = {"waterfall": "#waterfall", "ratios": "#ratios", "campaigns": "#campaigns", "attribution": "#attribution",
            "weeks": "#weeks", "changed": "#changed"}


@pytest.fixture(scope="module")
def marts(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A company's page, and the published rows behind it."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("page")) as wh:
        Company(seed=5, leads=140).fill(wh)
        day = date(2026, 4, 8)
        world.put(wh, "lead", {"lead_id": "m", "created_day": day, "utm_campaign": "c1", "utm_campaign_norm": "c1"})
        world.put(wh, "deal", {"deal_id": "m", "lead_id": "m", "closed_day": day, "deal_amount": 500})  # no margin
        world.put(wh, "lead", {"lead_id": "t", "created_day": day, "utm_campaign": "test", "utm_campaign_norm": "test"})
        world.release(wh, world.night(wh, of=_NEEDED))
        written = pages.build(wh.settings, wh)
        yield {"address": written.path.as_uri(), **{name: world.rows_of(wh, name, "mart") for name in _NEEDED}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_QUIET)
        yield found
        found.close()


@pytest.fixture
def opened(browser: Browser, marts: dict[str, Any]) -> Iterator[Any]:
    """`opened(fragment, …)`: the page in a window of its own, which must stay silent and ask for nothing."""
    heard: list[str] = []
    contexts = []

    def open_(fragment: str = "", width: int = 1280, look: str = "light") -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=look))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: heard.append(message.text))
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.on("request", lambda request: None if request.url.startswith(("file:", "data:"))
               else heard.append(request.url))
        tab.goto(f"{marts['address']}{fragment}")
        tab.wait_for_selector("footer")
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert heard == []


def _shown(tab: Page) -> dict[str, int]:
    """The waterfall's counts by the step's name in English."""
    rows = tab.locator("#waterfall table tbody tr")
    counts = {row.locator("button").inner_text(): row.locator("td.end").first.inner_text() for row in rows.all()}
    return {name: int(re.sub(r"\D", "", count.split()[0])) for name, count in counts.items()}


def _told(marts: dict[str, Any], **key: Any) -> dict[str, int]:
    """The same from `leak_waterfall`."""
    found: dict[str, int] = {}
    for row in marts["leak_waterfall"]:
        if all(row[name] == value for name, value in key.items()) and row["leak_cause"] not in SET_ASIDE:
            name = terms.CAUSES[row["leak_cause"]]
            found[name] = found.get(name, 0) + row["lead_count"]
    return found


@pytest.mark.parametrize(("language", "width", "look"),
                         list(product(("vi", "en"), (390, 820, 1280), ("light", "dark"))))
def test_it_fits_and_stays_silent(opened: Any, language: str, width: int, look: str) -> None:
    """No error, no request, nothing wider than the window; the language and the ground are those asked for."""
    tab = opened(f"#summary?lang={language}", width, look)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.lang") == language
    assert tab.evaluate("document.documentElement.dataset.look") == look
    title = words(Language(language)).gettext("Marketing and Sales, cross-checked")
    assert tab.locator("h1").inner_text() == title
    for section in _SECTION.values():
        assert tab.locator(section).inner_text().strip()


def test_the_waterfall_says_what_the_mart_says(opened: Any, marts: dict[str, Any]) -> None:
    """Every step's count is the mart's; so it is under a filter, and in the address that brings it back."""
    tab = opened("#waterfall?lang=en")
    assert _shown(tab) == _told(marts)
    tab.select_option("#filter-platform", "google_ads")
    assert _shown(tab) == _told(marts, platform="google_ads") != _told(marts)
    assert "platform=google_ads" in tab.url
    assert _shown(opened(f"#{tab.url.partition('#')[2]}")) == _told(marts, platform="google_ads")


def test_leads_by_name_only_stand_apart(opened: Any, marts: dict[str, Any]) -> None:
    """Test leads and repeats are in no bar; each opens to its own evidence."""
    tab = opened("#waterfall?lang=en")
    for cause in SET_ASIDE:
        count = sum(row["lead_count"] for row in marts["leak_waterfall"] if row["leak_cause"] == cause)
        opener = tab.locator(f"#waterfall .note #step-{cause}")
        assert opener.inner_text() == f"{terms.CAUSES[cause]}: {count}"
        opener.click()
        assert terms.CAUSES[cause] in tab.locator("dialog").inner_text()
        tab.keyboard.press("Escape")


def test_filters_work_by_keyboard(opened: Any, marts: dict[str, Any]) -> None:
    """A filter is reached with Tab, changed with arrows, keeps the focus, and its effect is said to a screen reader."""
    tab = opened("#?lang=en")
    tab.focus("#filter-to")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "filter-platform"
    before = tab.locator("#showing").inner_text()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.id") == "filter-platform"
    assert tab.evaluate("document.activeElement.value") != ""
    assert tab.locator("#showing").inner_text() != before
    assert tab.locator("#showing").get_attribute("role") == "status"
    tab.focus("#reset")
    tab.keyboard.press("Enter")
    assert _shown(tab) == _told(marts)


def test_a_step_opens_to_its_evidence_and_gives_the_focus_back(opened: Any, marts: dict[str, Any]) -> None:
    """Enter on a step shows ids of just this step and the command for the rest; Escape returns."""
    step = max(_told(marts), key=lambda name: _told(marts)[name])
    cause = next(key for key, name in terms.CAUSES.items() if name == step)
    tab = opened("#waterfall?lang=en")
    tab.focus(f"#step-{cause}")
    tab.keyboard.press("Enter")
    shown = tab.locator("dialog .ids li").all_inner_texts()
    there = {f"{row['source']}/{row['lead_id']}" for row in marts["leak_evidence"] if row["leak_cause"] == cause}
    assert set(shown) <= there
    assert len(shown) == min(20, len(there))
    assert f"crosscheck trace leak_waterfall leak_cause={cause}" in tab.locator("dialog").inner_text()
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.id") == f"step-{cause}"


def test_a_link_opens_the_evidence(opened: Any, marts: dict[str, Any]) -> None:
    """The address of a step under a filter is enough to stand before its leads."""
    cause = marts["leak_waterfall"][0]["leak_cause"]
    link = pages.link("waterfall", step=cause, lang="vi").removeprefix(pages.NAME)
    assert opened(link).locator("dialog[open] .ids li").count() > 0


def test_no_rate_of_few(opened: Any, marts: dict[str, Any]) -> None:
    """Below twenty leads there is a count and no rate, wherever the sum comes from."""
    few = min((row for row in marts["lead_quality_by"] if row["dimension"] == "campaign" and row["is_matured"]),
              key=lambda row: row["unique_lead_count"])
    month = few["cohort_month"].strftime("%Y-%m")
    place = f"{few['platform']}/{few['account_id']}/{few['campaign_id']}"
    tab = opened(f"#ratios?lang=en&from={month}&to={month}&campaign={place}")
    assert 0 < few["unique_lead_count"] < 20
    assert f"/ {few['unique_lead_count']}" in tab.locator("#ratios").inner_text()
    assert "%" not in tab.locator("#ratios tbody").inner_text()


def test_no_roi_that_the_mart_does_not_publish(opened: Any, marts: dict[str, Any]) -> None:
    """Where a margin is missing, ROI on gross profit is withheld, and the page says so."""
    silent = next(row for row in marts["campaign_roi_closed"] if row["margin_known_count"] < row["won_deal_count"]
                  and row["spend_reporting_amount"])
    assert silent["roi_ratio"] is None
    month = silent["close_month"].strftime("%Y-%m")
    place = f"{silent['platform']}/{silent['account_id']}/{silent['campaign_id']}"
    tab = opened(f"#campaigns?lang=en&from={month}&to={month}&campaign={place}")
    assert "not published" in tab.locator("#campaigns tbody").inner_text()
    assert "is not on record" in tab.locator("#summary").inner_text()


def test_every_chart_has_its_table(opened: Any) -> None:
    """Whoever sees no picture gets the same numbers."""
    tab = opened("#?lang=en")
    for chart in tab.locator(".chart").all():
        assert chart.get_attribute("role") == "img"
        assert chart.get_attribute("aria-label")
        assert chart.locator("xpath=following-sibling::details").locator("table").count() == 1


@pytest.mark.parametrize("language", ["vi", "en"])
def test_paper_is_light_complete_and_wide_enough(opened: Any, language: str) -> None:
    """In print: light whatever the machine is, no control, every table unfolded, no number beyond the edge of A4."""
    tab = opened(f"#?lang={language}", 718, "dark")  # 190 mm
    tab.emulate_media(media="print", color_scheme="dark")
    tab.locator("html[data-look=light]").wait_for(state="attached")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.locator("main details:not([open])").count() == 0
    assert not any(tab.locator(one).is_visible() for one in ("nav", ".switches", "#filter-from", "#metric"))
    assert tab.locator("#showing").is_visible()
    beyond = """[...document.querySelectorAll("main *")]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 90))"""
    assert tab.evaluate(beyond) == []
    assert [each for each in tab.locator("main td").all() if each.inner_text().strip() and not each.is_visible()] == []
    tab.emulate_media(media="screen", color_scheme="dark")
    tab.locator("html[data-look=dark]").wait_for(state="attached")  # told when the browser gets to it
    assert tab.locator("main details[open]").count() == 0


@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing(opened: Any, look: str) -> None:
    """No violation of WCAG that axe can see, with everything unfolded, in either appearance."""
    from axe_playwright_python.sync_playwright import Axe

    tab = opened("#?lang=vi", look=look)
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    found = Axe().run(tab).response["violations"]
    assert [(each["id"], [node["html"][:90] for node in each["nodes"]][:3]) for each in found] == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node: the page is shipped built, CI builds it again")
def test_the_built_page_is_the_build_of_its_sources(tmp_path: Path) -> None:
    """`npm ci && npm run build` makes the shipped file again, byte for byte."""
    shutil.copytree(ROOT / "page", tmp_path / "page", ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (["npm", "ci"], ["npm", "run", "build"]):
        done = subprocess.run(command, cwd=tmp_path / "page", capture_output=True, text=True, check=False, timeout=280)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "page/dist/index.html").read_bytes() == (ROOT / "report/page/index.html").read_bytes()
