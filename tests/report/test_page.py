"""The page's data: the marts' own sums, small, harmless in a script element, and nobody's contact data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crosscheck.errors import ConfigError
from crosscheck.fields.credit import ATTRIBUTION_MODELS as MODELS
from crosscheck.settings import Settings
from report import page
from report.page import data, history, names, texts
from report.words import Language
from tests.marts import world
from warehouse.engine import Warehouse, open_warehouse
from warehouse.marts import MARTS
from warehouse.marts.leak_causes import CAUSES, SET_ASIDE

ROOT = Path(__file__).parents[2]
#: What the page may know of a lead or person: the CRM's ids and nothing else.
_ALLOWED = {"lead_id", "owner_id"}


@pytest.fixture(scope="module")
def content(company_wh: Warehouse) -> dict[str, Any]:
    """The page's data of that company."""
    with company_wh.engine.connect() as conn:
        return data.gather(data.read(conn)) | history.told(company_wh)


def _sum(part: dict[str, Any], name: str) -> Decimal:
    at = part["columns"].index(name)
    return sum((Decimal(str(row[at])) for row in part["rows"] if row[at] is not None), Decimal(0))


@pytest.mark.parametrize(("part", "mart"), [("closed", "campaign_roi_closed"), ("cohort", "campaign_roi_cohort"),
                                            ("weeks", "campaign_roi_daily")])
@pytest.mark.parametrize("name", data.PARTS)
def test_sums_are_the_marts_own(company_wh: Warehouse, content: dict[str, Any], part: str, mart: str,
                                 name: str) -> None:
    """Whatever is summed on the page adds up to what the mart holds, to the last digit."""
    there = [row[name] for row in world.rows_of(company_wh, mart, "mart") if row[name] is not None]
    assert there
    assert _sum(content[part], name) == sum(there)


def test_the_waterfall_is_the_marts_own(company_wh: Warehouse, content: dict[str, Any]) -> None:
    """Leads by campaign, month and step, and their money, are those of `leak_waterfall`."""
    leaks, campaigns = content["leaks"], content["campaigns"]["rows"]
    found: dict[tuple[Any, ...], int] = {}
    money = Decimal(0)
    for one, month, step, _, count, ids in leaks["rows"]:
        key = (*campaigns[one][:3], content["days"][month], leaks["steps"][step][0])
        found[key] = found.get(key, 0) + count
        assert len(ids) == min(count, leaks["cap"])
        if key[-1] not in SET_ASIDE:
            money += Decimal(str(leaks["averages"][content["days"][month]][0] or 0)) * count
    rows = world.rows_of(company_wh, "leak_waterfall", "mart")
    assert found == {(row["platform"], row["account_id"], row["campaign_id"], row["cohort_month"].isoformat(),
                      row["leak_cause"]): row["lead_count"] for row in rows}
    assert money == sum(row["leak_revenue_amount"] or 0 for row in rows)


def test_credit_is_the_marts_own(company_wh: Warehouse, content: dict[str, Any]) -> None:
    """Each model hands out all revenue."""
    rows, credit = world.rows_of(company_wh, "attribution_summary", "mart"), content["credit"]
    for at, model in enumerate(credit["models"]):
        there = sum(row["attributed_reporting_amount"] or 0 for row in rows if row["attribution_model"] == model)
        assert sum(Decimal(str(row[2][at] or 0)) for row in credit["rows"]) == there > 0


def test_the_timeline_is_what_was_published(company_wh: Warehouse, content: dict[str, Any]) -> None:
    """A publication's changes are those of `why_changed`, each with its campaign, month and cause."""
    changes = content["changes"]
    told = {(*changes["keys"][campaign], *(changes["words"][word] for word in words)): change
            for _, campaign, *words, _, _, change in changes["rows"]}
    rows = world.rows_of(company_wh, "why_changed", "mart")
    assert len(changes["publications"]) == 1
    assert told == {(*data.campaign(row), row["changed_metric"], row["close_month"].isoformat(), row["change_cause"]):
                    data.number(row["change_count"] or row["change_reporting_amount"]) for row in rows} != {}


def test_without_people_nothing_says_whose_lead_it_was(company_wh: Warehouse) -> None:
    """Who may not see colleagues gets the same sums without owner ids."""
    with company_wh.engine.connect() as conn:
        read = data.read(conn)
    whole, bare = data.gather(read), data.gather(read, with_people=False)
    assert whole["people"]["rows"]
    assert bare["people"]["rows"] == []
    assert {row[3] for row in bare["leaks"]["rows"]} == {-1}
    assert {row[0] for row in bare["quality"]["rows"]} <= {"campaign"}
    assert _sum(bare["leaks"], "count") == _sum(whole["leaks"], "count")


def test_no_column_of_a_person_is_read() -> None:
    """No mail, phone, name, hash or free text is asked for: of what is personal, ids of the CRM only."""
    read = {name for columns in data.READ.values() for name in columns} | {"lead_id", "owner_id"}
    fields = {column.name: column.field for mart in MARTS for column in mart.record.columns}
    assert {name for name in read if fields[name].personal or fields[name].staff} <= _ALLOWED
    assert not {name for name in read if re.search(r"person|hash|email|phone|message|evidence_", name)}


def test_a_year_of_weeks_stays_below_a_megabyte() -> None:
    """Sixteen campaigns, twelve salespeople, 60,000 leads; what is left out is ids, and then whose the leads are."""
    campaigns = [{"platform": "meta_ads", "account_id": "200000000000001", "campaign_id": str(120210000000000000 + n)}
                 for n in range(16)]
    months = [date(2026, n, 1) for n in range(1, 13)]
    parts = {name: Decimal("123456789.12") if name.endswith("amount") else 137 for name in data.PARTS}
    closed = [{**one, **parts, "close_month": month, "campaign_name": "Tìm kiếm - Sofa Hà Nội"}
              for one, month in product(campaigns, months)]
    rows = {
        "campaign_roi_closed": closed,
        "campaign_roi_cohort": [{**row, "cohort_month": row["close_month"], "horizon_days": days, "is_matured": True}
                                for row in closed for days in (30, 60, 90)],
        "campaign_roi_daily": [{**one, **parts, "day": date(2026, 1, 1) + timedelta(days=7 * week)}
                               for one, week in product(campaigns, range(52))],
        "attribution_summary": [{**row, "attribution_model": model,
                                 "attributed_reporting_amount": Decimal("123456789.123456")}
                                for row in closed for model in MODELS],
        "lead_quality_by": [{**row, "dimension": "campaign", "source": "", "owner_id": "", "horizon_days": 30,
                             "cohort_month": row["close_month"], "quality_state": state, "is_matured": True,
                             "unique_lead_count": 40, "covered_lead_count": 39, "state_count": 12}
                            for row in closed for state in data.STATES],
        "leak_waterfall": [{"cohort_month": month, "horizon_days": 30, "average_revenue_amount": Decimal("1.123456"),
                            "average_margin_amount": None} for month in months],
        "leak_evidence": [{**campaigns[n % 16], "source": "hubspot", "lead_id": str(50_000_000 + n), "rule_file": "sla",
                           "owner_id": str(7001 + n % 12), "cohort_month": months[n % 12], "rule_version": "8eee616e",
                           "leak_cause": CAUSES[n % len(CAUSES)].name} for n in range(60_000)],
        "source_freshness": [], "rule_version": [],
    }
    gathered = data.gather(rows)
    content = gathered | {"changes": {"publications": [], "keys": [], "words": [], "columns": [], "count": 0, "rows": [
        [n % 60, n % 16, n % 5, n % 12, n % 11, 123456789.12, 123456789.12, -12345.12]
        for n in range(history.MOST_CHANGES)]}}
    assert len(page.filled(content).encode()) < 1_000_000
    assert sum(row[4] for row in gathered["leaks"]["rows"]) == 60_000
    assert sum(len(row[5]) for row in gathered["leaks"]["rows"]) <= data.MOST_IDS


def test_no_text_of_the_data_is_script() -> None:
    """Whatever a campaign is called, it stays a name."""
    evil = '</script><!-- <script>alert(1)//]]>&amp;\u2028\u2029"\\'
    told = page.embedded({"name": evil})
    assert not re.search(r"[<>&\u2028\u2029]", told)
    assert json.loads(told) == {"name": evil}
    assert evil not in page.filled({"campaigns": {"rows": [[evil]]}})


def test_every_word_of_the_marts_has_a_name() -> None:
    """A new model or ground without a name on the page is found here."""
    assert set(names.MODELS) == set(MODELS)
    assert {data.rests(cause) for cause in CAUSES} == set(names.EVIDENCE)


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    """The script asks for texts by key; none is missing, none is said by nobody."""
    script = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "page/src").glob("*.js"))
    held = {key for group in (texts.SHELL, texts.SUMMARY, texts.WATERFALL, texts.RATIOS, texts.CAMPAIGNS,
                              texts.ATTRIBUTION, texts.WEEKS, texts.CHANGED) for key in group}
    asked = set(re.findall(r'\bt\("(\w+)"', script))
    assert asked - held == set()
    assert {key for key in held - asked if f'"{key}"' not in script} - set(page.SECTIONS) == set()


def test_the_built_page_is_that_of_its_sources() -> None:
    """A change in page/ without `npm run build` is found without Node."""
    home = ROOT / "page"
    files = sorted(["index.html", "package-lock.json", "package.json", "vite.config.js",
                    *(f"src/{path.name}" for path in (home / "src").iterdir())])
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\n".encode() + (home / file).read_bytes() + b"\n")
    built = (ROOT / "report/page/index.html").read_text(encoding="utf-8")
    assert re.findall(r'name="crosscheck-sources" content="(\w+)"', built) == [digest.hexdigest()]
    assert built.count('"crosscheck-data"') == 1


def test_the_lock_names_no_registry() -> None:
    """Who installs chooses the registry."""
    assert "resolved" not in (ROOT / "page/package-lock.json").read_text(encoding="utf-8")


def test_a_link_opens_a_number() -> None:
    """The report links to sections with filters; what the page does not know is refused."""
    assert page.link("changed", from_="2026-08", campaign="google_ads/1/2") == (
        "page.html#changed?from=2026-08&campaign=google_ads/1/2")
    assert page.link() == "page.html"
    with pytest.raises(ValueError, match="no somewhere"):
        page.link("somewhere")


def test_it_is_written_beside_what_is_published(company_wh: Warehouse, tmp_path: Path) -> None:
    """One file, complete when it appears, in both languages."""
    written = page.build(Settings(home=tmp_path), company_wh, language=Language.EN)
    assert written.path == tmp_path / "var/report/page.html"
    assert [file.name for file in written.path.parent.iterdir()] == ["page.html"]
    text = written.path.read_text(encoding="utf-8")
    assert written.size_bytes == len(text.encode())
    assert "Liên hệ lần đầu trễ cam kết" in text
    assert "First attempt after the agreed time" in text


def test_before_the_first_night_there_is_no_page(settings_for: Callable[[str], Settings], tmp_path: Path) -> None:
    """An empty page would look like a bad month; the way on is said instead."""
    with open_warehouse(settings_for("duckdb")) as wh, pytest.raises(ConfigError, match="nothing has been published"):
        page.build(wh.settings, wh, tmp_path)
    assert not list(tmp_path.glob("*.html"))
