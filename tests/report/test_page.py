"""The page's data: the marts' own sums, small, harmless in a script element, and nobody's contact data."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from base64 import b64decode
from collections import defaultdict
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
from report.page import data, history, keys, leaks, names, texts
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
    told, campaigns = content["leaks"], content["campaigns"]["rows"]
    found: dict[tuple[Any, ...], int] = {}
    money = Decimal(0)
    for one, month, step, _, count, ids in told["rows"]:
        key = (*campaigns[one][:3], content["days"][month], told["steps"][step][0])
        found[key] = found.get(key, 0) + count
        assert min(count, told["cap"]) <= len(ids) <= count
        if key[-1] not in SET_ASIDE:
            money += Decimal(str(told["averages"][content["days"][month]][0] or 0)) * count
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
    assert told == {(*keys.campaign(row), row["changed_metric"], row["close_month"].isoformat(), row["change_cause"]):
                    keys.number(row["change_count"] or row["change_reporting_amount"]) for row in rows} != {}


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


def _year(campaigns: int, chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """The aggregates of a million leads: a number in every place, no two alike but what no horizon changes."""
    places = [{"platform": "meta_ads", "account_id": "200000000000001", "campaign_id": str(120210000000000000 + n)}
              for n in range(campaigns)]
    months = [date(2026, n, 1) for n in range(1, 13)]

    def parts() -> dict[str, Any]:
        return {name: Decimal(chance.randrange(10**10)) / 100 if name.endswith("amount") else chance.randrange(2_000)
                for name in data.PARTS}

    closed = [{**one, **parts(), "close_month": month, "campaign_name": f"Tìm kiếm {one['campaign_id']}"}
              for one, month in product(places, months)]
    counted = [{**row, "cohort_month": row["close_month"], "leak_cause": cause.name,
                "lead_count": chance.randrange(200)} for row in closed for cause in CAUSES]
    return {
        "campaign_roi_closed": closed,
        "campaign_roi_cohort": [{**row, **parts(), "cohort_month": row["close_month"], "horizon_days": days,
                                 "is_matured": True, **{name: row[name] for name in data.PARTS[:2]}}
                                for row in closed for days in (30, 60, 90)],
        "campaign_roi_daily": [{**one, **parts(), "day": date(2026, 1, 1) + timedelta(days=7 * week)}
                               for one, week in product(places, range(52))],
        "attribution_summary": [{**row, "attribution_model": model,
                                 "attributed_reporting_amount": Decimal(chance.randrange(10**14)) / 10**6}
                                for row in closed for model in MODELS],
        "lead_quality_by": [{**row, "dimension": "campaign", "source": "", "owner_id": "", "horizon_days": 30,
                             "cohort_month": row["close_month"], "quality_state": state, "is_matured": True,
                             "unique_lead_count": 1400, "covered_lead_count": 1390,
                             "state_count": chance.randrange(900)} for row in closed for state in data.STATES],
        "leak_waterfall": [{"cohort_month": month, "horizon_days": 30, "average_revenue_amount": Decimal("1.123456"),
                            "average_margin_amount": None} for month in months],
        "leaks": counted, "rules": [], "source_freshness": [], "rule_version": [],
        "ids": [{**counted[n % len(counted)], "source": "hubspot", "lead_id": str(chance.randrange(10**11))}
                for n in range(leaks.MOST_IDS)],
    }


def test_a_year_of_weeks_stays_below_a_megabyte() -> None:
    """Forty-five campaigns, a million leads: nothing that can be filtered is left out, and the file is mailed."""
    chance = random.Random(4)
    rows = _year(45, chance)
    gathered = data.gather(rows)
    content = gathered | {"changes": {"publications": [], "keys": [], "words": [], "columns": [], "count": 0, "rows": [
        [n % 60, n % 16, n % 5, n % 12, n % 11, *(chance.randrange(10**10) / 100 for _ in range(3))]
        for n in range(history.MOST_CHANGES)]}}
    assert len(page.filled(content).encode()) < 1_000_000
    assert sum(row[4] for row in gathered["leaks"]["rows"]) == sum(row["lead_count"] for row in rows["leaks"]) > 900_000


def test_too_many_numbers_leave_out_people_and_ids_but_no_lead(company_wh: Warehouse, content: dict[str, Any],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts stay the marts'; each step keeps its newest leads, each campaign the newest of its own."""
    monkeypatch.setattr(leaks, "MOST_CELLS", 3)
    monkeypatch.setattr(leaks, "MOST_IDS", 1)
    with company_wh.engine.connect() as conn:
        few = data.gather(data.read(conn))
    assert (few["people"]["rows"], few["meta"]["with_people"], few["leaks"]["cap"]) == ([], False, 0)
    assert _sum(few["leaks"], "count") == _sum(content["leaks"], "count")
    evidence = world.rows_of(company_wh, "leak_evidence", "mart")
    order = sorted(evidence, key=lambda row: (-row["created_at"].timestamp(), row["source"], row["lead_id"]))
    kept = {one.partition("/")[2] for row in few["leaks"]["rows"] for one in row[5]}
    wanted = set()
    for by, most in ((("leak_cause",), leaks.OF_STEP), ((*keys.KEY, "leak_cause"), leaks.OF_CAMPAIGN)):
        taken: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for row in order:
            taken[tuple(row[name] for name in by)].append(row["lead_id"])
        wanted |= {one for ids in taken.values() for one in ids[:most]}
    assert kept == wanted


def test_what_is_packed_is_unpacked_whole(content: dict[str, Any]) -> None:
    """The rows in the file are the rows that were gathered, and the same rows make the same file."""
    told = page.packed(content)
    assert json.loads(gzip.decompress(b64decode(told))) == json.loads(json.dumps(content))
    assert page.packed(content) == told


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
    assert {leaks.rests(cause) for cause in CAUSES} == set(names.EVIDENCE)


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
