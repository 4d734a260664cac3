"""The vocabulary: every word is used, and its name tells its type in every table."""

from __future__ import annotations

import pytest

from crosscheck.canonical import CANONICAL, CONTACT
from crosscheck.fields import FIELDS, columns
from crosscheck.tables import TECHNICAL, Column, Field, Kind, Layer, Table
from warehouse.marts import MARTS
from warehouse.staging.records import DERIVED

TABLES = (*CANONICAL, *DERIVED, *(mart.record for mart in MARTS))
ENDINGS: dict[str, set[Kind]] = {
    "_at": {Kind.INSTANT}, "_day": {Kind.DAY}, "_week": {Kind.DAY}, "_month": {Kind.DAY}, "_quarter": {Kind.DAY},
    "_amount": {Kind.MONEY},
    "_count": {Kind.COUNT, Kind.QUANTITY},  # what platforms claim may be fractional
    "_rate": {Kind.RATE, Kind.QUANTITY},  # an exchange rate is no share
    "_ratio": {Kind.RATE}, "_id": {Kind.ID}, "_hash": {Kind.ID}}
OF_KIND = {Kind.INSTANT: ("_at",), Kind.DAY: ("day", "_week", "_month", "_quarter"), Kind.MONEY: ("_amount",),
           Kind.COUNT: ("_count", "_days", "_weeks", "_months", "_seconds", "_no"),
           Kind.RATE: ("_rate", "_rate_low", "_rate_high", "_ratio", "_confidence")}


def test_every_word_is_used() -> None:
    """A word that no table has is gone."""
    assert set(FIELDS) - {column.name for table in TABLES for column in table.columns} == set()


def test_every_column_is_a_word() -> None:
    """No table has a column of its own making: the same name is the same field everywhere."""
    assert all(column.field is FIELDS[column.name] for table in TABLES for column in table.columns)
    with pytest.raises(KeyError):
        columns("spend_ammount")


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_a_name_tells_its_type(field: Field) -> None:
    """Endings and types imply each other, flags begin with is or has, shares lie between 0 and 1."""
    for ending, kinds in ENDINGS.items():
        assert not field.name.endswith(ending) or field.kind in kinds
    assert field.name.endswith(OF_KIND.get(field.kind, ""))
    assert field.name.startswith(("is_", "has_")) == (field.kind is Kind.FLAG)
    if field.kind is Kind.RATE and not field.name.endswith("_ratio"):
        assert (field.low, field.high) == (0, 1)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_money_has_its_currency_beside_it(table: Table) -> None:
    """Each amount says whose currency it is in, and the row holds that currency."""
    for field in (column.field for column in table.columns if column.field.kind is Kind.MONEY):
        assert field.unit in ("currency", "reporting currency")
        assert ("reporting_currency_code" if field.unit.startswith("rep") else "currency_code") in table.by_name


def test_personal_words_stay_in_restricted_tables() -> None:
    """Raw contact data is named as such and stands in one table."""
    assert {table.name for table in TABLES for column in table.columns if column.field.personal} == {CONTACT.name}
    assert CONTACT.layer is Layer.RESTRICTED


@pytest.mark.parametrize("table", CANONICAL, ids=lambda table: table.name)
def test_a_staged_row_opens_to_its_payload(table: Table) -> None:
    """Every staging table carries its place in landing, which is no measure of it; Arrow has the same columns."""
    assert all(table.has_required(name) for name in TECHNICAL)
    assert not set(TECHNICAL) & set(table.measures)
    assert table.arrow().names == [column.name for column in table.columns]


def test_what_cannot_be_a_word_or_a_table() -> None:
    """A bad name, a meaning that is no sentence, a column twice, a key that may be null: refused at import."""
    day, amount = FIELDS["day"], FIELDS["spend_amount"]
    with pytest.raises(ValueError, match="not a column name"):
        Field("Spend", Kind.MONEY, "Spend.")
    with pytest.raises(ValueError, match="a meaning is a sentence"):
        Field("spend", Kind.MONEY, "spend")
    with pytest.raises(ValueError, match="stands twice"):
        Table("t", Layer.MART, "One row.", (), (Column(day), Column(day)))
    with pytest.raises(ValueError, match=r"absent or not required: \['day'\]"):
        Table("t", Layer.MART, "One row.", ("day",), (Column(day), Column(amount, required=True)))
