"""The portrait of the ideal customer: what sales asks, where answers are kept, and which of them rule somebody out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

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

    def __str__(self) -> str:
        values = ", ".join(self.values) if isinstance(self.values, tuple) else format(self.values, "f")
        return f"{self.field} {self.test.replace('_', ' ')} {values}"


@dataclass(frozen=True)
class Portrait:
    """The agreed portrait."""

    head: Head
    fields: tuple[PortraitField, ...]
    rules: tuple[PortraitRule, ...]

    @property
    def hard(self) -> tuple[PortraitRule, ...]:
        """The rules that exclude."""
        return tuple(rule for rule in self.rules if rule.is_hard)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that collect any field, in order of name."""
        return tuple(sorted({source for field in self.fields for source in field.collected_from}))

    def asked(self, source: str) -> Mapping[str, str]:
        """By field, the property of a source that holds the answer."""
        return {field.name: field.collected_from[source] for field in self.fields if source in field.collected_from}

    def decides(self, source: str) -> bool:
        """Whether a source collects every field that a hard rule asks for: only then can answers bear a verdict."""
        needed = {rule.field for rule in self.hard}
        return bool(needed) and needed <= self.asked(source).keys()


def portrait(read: Reading) -> Portrait:
    """The portrait of a file."""
    read.keys((*HEAD, "fields", "hard", "soft"), required=("fields", "hard", "soft"))
    fields = tuple(_field(name, each) for name, each in read.named("fields").items())
    known = tuple(field.name for field in fields)
    rules = tuple(_rule(each, known, is_hard=kind == "hard") for kind in ("hard", "soft")
                  for each in read.mappings(kind))
    _each_once(read.mapping("fields"), fields)
    return Portrait(read.head(), fields, rules)


def load_portrait(folder: Path) -> Portrait:
    """The portrait of a folder of rules, or the shipped one. Raises ConfigError naming file and line."""
    return portrait(Reading.of_rule(folder, "portrait"))


def _each_once(read: Reading, fields: tuple[PortraitField, ...]) -> None:
    """A property answers one question."""
    seen: set[tuple[str, str]] = set()
    for field in fields:
        if twice := seen & set(field.collected_from.items()):
            source, kept = min(twice)
            raise read.wrong(field.name, f"{field.name}: property {kept!r} of {source} answers another question")
        seen |= set(field.collected_from.items())


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
