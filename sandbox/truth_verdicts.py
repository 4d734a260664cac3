"""Truth of the verdicts: right and wrong targets, what was asked of whom, and how the people of a campaign changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from itertools import accumulate

from sandbox.facts import Key, Value
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_portrait import ASKED, answers, by_rules, by_sales, failed, support
from sandbox.truth_roi import Cells, month
from sandbox.truth_shares import SMALL_SAMPLE, wilson

SUPPORTS = ("supported", "unsupported", "contradicted")


def verdicts(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """One row per first lead of which sales said something."""
    for head in ledger.heads.values():
        if (said := by_sales(head)) is not None:
            word, sign, at = said
            told = answers(head)
            yield (head.lead.crm, head.lead.lead_id), {
                **dict(zip(("platform", "account_id", "campaign_id"), head.campaign, strict=True)),
                "owner_id": head.lead.owner_id or None, "cohort_month": month(head.day).isoformat(),
                "sales_verdict": word, "evidence": sign,
                "evidence_at": at.astimezone(UTC).replace(tzinfo=None).isoformat(),
                "portrait_verdict": by_rules(head), "support": support(word, by_rules(head)),
                "asked_count": len(ASKED[head.lead.crm]), "answer_count": len(told), "failed_rule": failed(told)}


def completeness(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, per salesperson, per both, and month: the answers of those who were spoken to or judged."""
    groups: defaultdict[Key, list[Head]] = defaultdict(list)
    for head in ledger.heads.values():
        if "reached" in head.states or by_sales(head):
            owner, first = (head.lead.crm, head.lead.owner_id or "(none)"), month(head.day).isoformat()
            groups["campaign", "", "", *head.campaign, first].append(head)
            groups["salesperson", *owner, "", "", "", first].append(head)
            groups["campaign_and_salesperson", *owner, *head.campaign, first].append(head)
    for key, people in groups.items():
        asked, given = ([len(questions) for questions in kind] for kind in (
            [ASKED[head.lead.crm] for head in people], [answers(head) for head in people]))
        wrong = [support("wrong", by_rules(head)) for head in people if "wrong_target" in head.states]
        yield key, {
            "is_small_sample": len(people) < SMALL_SAMPLE, "owed_lead_count": len(people),
            "complete_count": sum(one == other for one, other in zip(asked, given, strict=True)),
            "asked_count": sum(asked), "answer_count": sum(given),
            "called_wrong_count": len(wrong),
            **{f"called_wrong_{word}_count": wrong.count(word) for word in SUPPORTS},
            **_share("completeness_rate", sum(given) / sum(asked) * len(people), len(people))}


def drift(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and month, twice: who fits, against the campaign's past and against the company's before it."""
    groups: defaultdict[CampaignKey, defaultdict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    company: defaultdict[date, list[str]] = defaultdict(list)
    for head in ledger.heads.values():
        groups[head.campaign][month(head.day)].append(by_rules(head))
        company[month(head.day)].append(by_rules(head))
    for campaign, months in groups.items():
        ordered = sorted(months)
        past = [[], *accumulate(months[first] for first in ordered)]
        before = [word for first, words in company.items() if first < ordered[0] for word in words]
        for first, earlier in zip(ordered, past, strict=False):
            for name, other in (("own_earlier_months", earlier), ("before_launch", before)):
                yield (*campaign, first.isoformat(), name), _drift(months[first], other)


def _drift(now: Sequence[str], earlier: Sequence[str]) -> Cells:
    cells: Cells = {"unique_lead_count": len(now)}
    for when, words in (("", now), ("earlier_", earlier)):
        fit, decided = words.count("fits"), len(words) - words.count("incomplete")
        cells |= {f"{when}fit_count": fit, f"{when}decided_count": decided, **_share(f"{when}fit_rate", fit, decided)}
    return cells | {"fit_change": _change(cells)}


def _change(cells: Cells) -> str | None:
    low, high, before_low, before_high = (cells[f"{when}fit_rate{end}"] for when in ("", "earlier_")
                                          for end in ("_low", "_high"))
    if not isinstance(low, float) or not isinstance(high, float):
        return None
    if not isinstance(before_low, float) or not isinstance(before_high, float):
        return None
    return "fell" if high < before_low else "rose" if low > before_high else "no_difference"


def _share(name: str, count: float, size: int) -> dict[str, Value]:
    """A share with its interval; nothing of few."""
    names = name, f"{name}_low", f"{name}_high"
    if size < SMALL_SAMPLE:
        return dict.fromkeys(names)
    return dict(zip(names, (count / size, *wilson(count, size)), strict=True))
