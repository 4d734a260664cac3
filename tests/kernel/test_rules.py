"""Lead-state rules: agreed meanings, loaded strictly, with the line of every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosscheck.errors import ConfigError
from crosscheck.rules import StatusRule, load_lead_states

SHIPPED = Path(__file__).parents[2] / "rules" / "lead_states"
GOOD = """\
connector: crm
signed_by: {marketing: An, sales: null}
effective_from: 2026-01-01
fields:
  status:
    Called: [reached]
    New: []
    Sold: [reached, closed]
origins:
  recorded_source:
    Web: [marketing]
    Fair: []
"""


def write(folder: Path, text: str, name: str = "crm.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_rules_load() -> None:
    """HubSpot's and Getfly's defaults mean what the two heads were shown."""
    states = load_lead_states(SHIPPED)
    assert states.states_for("hubspot")["hs_lead_status", "OPEN_DEAL"] == ("reached", "hot")
    assert states.states_for("getfly")["relation_name", "Sai số"] == ("invalid_contact",)
    assert states.knows("getfly", "relation_name", "Mới")
    assert not states.knows("getfly", "relation_name", "Bỏ")


def test_rows_and_signatures(tmp_path: Path) -> None:
    """One row per status and state; a status that means nothing is known and gives none."""
    states = load_lead_states(write(tmp_path, GOOD))
    assert states.rows == (
        StatusRule("crm", "recorded_source", "Web", "marketing"),
        StatusRule("crm", "status", "Called", "reached"),
        StatusRule("crm", "status", "Sold", "closed"),
        StatusRule("crm", "status", "Sold", "reached"))
    assert states.states_for("crm")["status", "New"] == ()
    assert states.files["crm"].signed_by == {"marketing": "An", "sales": None}
    assert states.states_for("elsewhere") == {}


def test_the_version_follows_the_meaning(tmp_path: Path) -> None:
    """Comments and order change nothing, a meaning does."""
    first = load_lead_states(write(tmp_path, GOOD)).version
    moved = GOOD.replace("    New: []\n", "").replace("origins:", "    New: []  # nothing\norigins:")
    assert load_lead_states(write(tmp_path, moved)).version == first
    assert load_lead_states(write(tmp_path, GOOD.replace("New: []", "New: [assigned]"))).version != first


@pytest.mark.parametrize(("old", "new", "message"), [
    ("[reached]", "[reachd]", "line 6: Called: unknown state 'reachd'"),
    ("[reached]", "reached", "line 6: Called: give a list"),
    ("[reached, closed]", "[reached, reached]", "line 8: Sold: a state stands twice"),
    ("New:", "Called:", "line 7"),
    ("New:", "404:", "line 7: status: status 404 is not text"),
    ("effective_from:", "effective:", "line 3: unknown key 'effective'"),
    ("2026-01-01", "soon", "line 3: effective_from"),
    ("marketing: An", "boss: An", "line 2: unknown key 'boss'"),
    ("connector: crm\n", "", "key 'connector' is missing"),
    ("fields:\n  status:", "fields:\n  status: 7\n  other:", "line 5: status must be a mapping"),
    ("[reached]", "[reached", "line 7"),
    ("[marketing]", "[reached]", "line 11: Web: unknown state 'reached'; there are marketing, sales"),
    ("recorded_source:", "lead_source:", "line 10: unknown key 'lead_source'"),
])
def test_mistakes_name_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Whoever edits the file is told where to look."""
    with pytest.raises(ConfigError) as error:
        load_lead_states(write(tmp_path, GOOD.replace(old, new, 1)))
    assert "crm.yaml" in str(error.value)
    assert message in str(error.value)


def test_two_files_for_one_connector(tmp_path: Path) -> None:
    """Two truths about one CRM are refused."""
    write(tmp_path, GOOD, "other.yaml")
    with pytest.raises(ConfigError, match="two rule files"):
        load_lead_states(write(tmp_path, GOOD))


def test_no_rules_at_all(tmp_path: Path) -> None:
    """An empty folder is a mistake, not an agreement that nothing means anything."""
    with pytest.raises(ConfigError, match="no rule file"):
        load_lead_states(tmp_path)


def test_a_source_has_a_file_of_its_own(tmp_path: Path) -> None:
    """A file under the source's name goes before its connector's; without one the connector's holds."""
    write(tmp_path, GOOD.replace("crm", "files"), "files.yaml")
    states = load_lead_states(write(tmp_path, GOOD.replace("crm", "zoho").replace("[reached]", "[hot]"), "zoho.yaml"))
    assert states.states_for("zoho", "files")["status", "Called"] == ("hot",)
    assert states.states_for("olist", "files")["status", "Called"] == ("reached",)
    assert states.states_for("olist", "getfly") == {}
