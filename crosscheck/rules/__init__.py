"""What both heads agreed on, as data: `rules/*.yaml` and `rules/lead_states/*.yaml`, typed, versioned and signed.

A file that a company has not written holds as it is shipped in `rules/`: the defaults stand there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from crosscheck.rules.commitments import Agreement, Commitments, commitments
from crosscheck.rules.figures import (
    Costs,
    Horizons,
    MonthlyCost,
    Promotion,
    Promotions,
    costs,
    horizons,
    promotions,
)
from crosscheck.rules.lead_states import STATE_FILES, LeadStates, RuleFile, StatusRule, load_lead_states
from crosscheck.rules.portrait import Portrait, PortraitField, PortraitRule, load_portrait, portrait
from crosscheck.rules.reader import SHIPPED, SIGNATORIES, Head, Reading, content_version
from crosscheck.rules.reasons import LostReasons, lost_reasons
from crosscheck.rules.sla import BusinessHours, LeadKind, Sla, sla
from crosscheck.rules.trials import TestLeads, trial_signs

__all__ = [
    "SHIPPED", "SIGNATORIES", "STATE_FILES", "Agreement", "BusinessHours", "Commitments", "Costs",
    "Head", "Horizons", "LeadKind", "LeadStates",
    "LostReasons", "MonthlyCost", "Portrait", "PortraitField", "PortraitRule", "Promotion", "Promotions", "RuleFile",
    "Rules", "Sla", "StatusRule", "TestLeads", "content_version", "default_rules", "load_lead_states",
    "load_portrait", "load_rules",
]


@dataclass(frozen=True)
class Rules:
    """One of each rule file beside the lead states."""

    portrait: Portrait
    sla: Sla
    horizons: Horizons
    costs: Costs
    promotions: Promotions
    lost_reasons: LostReasons
    commitments: Commitments
    test_leads: TestLeads

    @property
    def heads(self) -> Mapping[str, Head]:
        """By file: version and signatures."""
        return {name: part.head for name, part in vars(self).items()}

    @property
    def version(self) -> str:
        """Changes when a meaning in any of the files does."""
        return content_version("|".join(head.version for head in self.heads.values()))


def load_rules(folder: Path) -> Rules:
    """The rule files of a folder, each missing one as shipped. Raises ConfigError naming file and line."""
    read = partial(Reading.of_rule, folder)
    return Rules(portrait(read("portrait")), sla(read("sla")), horizons(read("horizons")), costs(read("costs")),
                 promotions(read("promotions")), lost_reasons(read("lost_reasons")),
                 commitments(read("commitments")), trial_signs(read("test_leads")))


@cache
def default_rules() -> Rules:
    """The rules as shipped."""
    return load_rules(SHIPPED)
