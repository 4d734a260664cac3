"""Each word of the tables has one name, wherever it is read."""

from __future__ import annotations

import pytest

from crosscheck.fields.agreements import PROMISES
from crosscheck.fields.changes import CHANGE_CAUSES, CHANGED_AMOUNTS, CHANGED_COUNTS
from crosscheck.fields.crm import STATES
from crosscheck.fields.feedback import FEEDBACK_KINDS, REASONS
from crosscheck.fields.leaks import LEAK_CAUSES
from crosscheck.fields.marts import CONTRADICTIONS
from report import terms
from report.letters import items
from report.nightly import labels
from report.page import data, names
from warehouse.marts import MARTS
from warehouse.marts.leak_causes import CAUSES
from warehouse.metrics import FIVE_RATIOS

#: Columns of marts whose words people read, and the names of these words.
NAMED: dict[str, dict[str, str]] = {
    "leak_cause": terms.CAUSES, "leak_owner": terms.SIDES, "responsible": terms.SIDES, "sourcing_side": terms.SIDES,
    "promised_by": terms.SIDES, "owed_by": terms.SIDES, "exchange_side": terms.SIDES, "appellant": terms.SIDES,
    "change_cause": terms.CHANGES, "changed_metric": terms.MEASURES, "contradiction": terms.CONTRADICTIONS,
    "sourcing_conflict": terms.SOURCING_CONFLICTS, "promise": terms.PROMISES, "appealed_state": terms.STATES,
    "feedback_kind": terms.FEEDBACK, "feedback_subject": terms.STATES | terms.LOST_REASONS,
    "next_action": terms.ACTIONS, "exchange_item": items.ITEMS,
}
FIELDS = {column.name: column.field for mart in MARTS for column in mart.record.columns}


@pytest.mark.parametrize("name", NAMED)
def test_every_word_of_a_column_has_a_name(name: str) -> None:
    """A word that a mart gains, and that nobody can read yet, is found here and not by a night."""
    allowed = FIELDS[name].allowed
    assert allowed
    assert set(allowed) - set(NAMED[name]) == set()


def test_nothing_is_named_that_no_table_says() -> None:
    """A name that outlives its word is found, too."""
    assert tuple(terms.CAUSES) == tuple(cause.name for cause in CAUSES) == LEAK_CAUSES
    assert tuple(terms.CHANGES) == CHANGE_CAUSES
    assert set(terms.CONTRADICTIONS) == set(CONTRADICTIONS)
    assert set(terms.PROMISES) == {promise.name for promise in PROMISES}
    assert set(terms.STATES) == set(STATES)
    assert (set(terms.FEEDBACK), set(terms.LOST_REASONS)) == (set(FEEDBACK_KINDS), set(REASONS))
    assert set(terms.MEASURES) >= {*CHANGED_COUNTS, *CHANGED_AMOUNTS}
    assert tuple(f"{state}_rate" for state in terms.RATIOS) == tuple(metric.name for metric in FIVE_RATIOS)


def test_two_words_of_a_kind_never_share_a_name() -> None:
    """Whoever reads a name knows which word it stands for."""
    for group in (terms.CAUSES, terms.CHANGES, terms.CONTRADICTIONS, terms.PROMISES, terms.STATES, terms.SIDES):
        assert len(set(group.values())) == len(group)


def test_no_place_has_names_of_its_own_for_them() -> None:
    """Report, letters and page take these names and make no others."""
    for place in (labels, items, names):
        for name, group in vars(place).items():
            if name.isupper() and isinstance(group, dict) and len(set(group) & set(LEAK_CAUSES)) > 2:
                assert group is terms.CAUSES, f"{place.__name__}.{name}"
    assert {name: title for name, (title, _) in labels.RATIOS.items()} == {
        f"{state}_rate": title for state, title in terms.RATIOS.items()}
    assert set(terms.RATIOS) == set(data.STATES)


def test_a_rule_file_is_called_what_it_rules() -> None:
    """The states of leads have a file per CRM; an unknown file stands for itself."""
    assert [terms.rule(file, str) for file in ("sla", "lead_states/getfly", "x/y")] == [
        "Response promise", "Lead states (Getfly)", "x (y)"]
