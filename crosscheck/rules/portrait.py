"""The portrait of the ideal customer: what sales asks, where answers are kept, and which of them rule somebody out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from crosscheck.rules.reader import HEAD, Head, Reading

#: What a rule may ask of an answer; exactly one of them stands in each rule.
WORD_TESTS, NUMBER_TESTS = ("any_of", "none_of"), ("at_least", "at_most")


@dataclass(frozen=True)
class PortraitField:
    """One question to every lead, and by source the property that holds its answer."""

    name: str
    question: str
    collected_from: Mapping[str, str]

    @property
    def is_collected(self) -> bool:
        """Whether any source delivers answers; without one the field is 'not collected', never 'not answered'."""
        return bool(self.collected_from)


@dataclass(frozen=True)
class PortraitRule:
    """A demand on one field. A lead whose answer fails a hard one is a wrong target; soft ones only weigh."""

    field: str
    test: str
    values: tuple[str, ...] | Decimal
    is_hard: bool


@dataclass(frozen=True)
class Portrait:
    """The agreed portrait."""

    head: Head
    fields: tuple[PortraitField, ...]
    rules: tuple[PortraitRule, ...]

    @property
    def is_collected(self) -> bool:
        """Whether every field that a hard rule asks for has a source: only then can answers support a verdict."""
        asked = {rule.field for rule in self.rules if rule.is_hard}
        return bool(asked) and asked <= {field.name for field in self.fields if field.is_collected}


def portrait(read: Reading) -> Portrait:
    """The portrait of a file."""
    read.keys((*HEAD, "fields", "hard", "soft"), required=("fields", "hard", "soft"))
    fields = tuple(_field(name, each) for name, each in read.named("fields").items())
    known = tuple(field.name for field in fields)
    rules = tuple(_rule(each, known, is_hard=kind == "hard") for kind in ("hard", "soft")
                  for each in read.mappings(kind))
    return Portrait(read.head(), fields, rules)


def _field(name: str, read: Reading) -> PortraitField:
    read.keys(("question", "collected_from"), required=("question", "collected_from"))
    kept = read.mapping("collected_from")
    return PortraitField(name, read.text("question"), {source: kept.text(source) for source in kept.tree})


def _rule(read: Reading, known: tuple[str, ...], *, is_hard: bool) -> PortraitRule:
    tests = (*WORD_TESTS, *NUMBER_TESTS)
    read.keys(("field", *tests), required=("field",))
    field, given = read.choice("field", known), [test for test in tests if test in read.tree]
    if len(given) != 1:
        raise read.wrong("field", f"{field}: give one of {', '.join(tests)}")
    test = given[0]
    return PortraitRule(field, test, read.texts(test) if test in WORD_TESTS else read.number(test), is_hard)
