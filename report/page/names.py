"""What only the page names; the words that others share are in `report/terms.py`."""

from __future__ import annotations

from report.words import mark

#: Models of `attribution`.
MODELS = {
    "first_touch": mark("First touch"),
    "last_touch": mark("Last touch"),
    "last_non_direct": mark("Last non-direct touch"),
    "first_paid": mark("First paid touch"),
    "last_paid": mark("Last paid touch"),
    "linear": mark("Linear"),
    "u_shaped": mark("U-shaped (40/20/40)"),
    "w_shaped": mark("W-shaped (30/30/30/10)"),
    "time_decay": mark("Time decay"),
    "shapley": mark("Shapley value"),
    "markov": mark("Markov removal effect"),
}

#: What a cause rests on, in the words of `leak_evidence`.
EVIDENCE = {
    "won_at": mark("the moment of the sale"),
    "invalid_at": mark("the moment the contact was found invalid"),
    "bought_at": mark("an earlier sale"),
    "first_touch_at": mark("the first attempt on record"),
    "last_touch_at": mark("the last attempt on record, if there is one"),
    "wrong_target_at": mark("the moment of the verdict"),
    "reached_at": mark("the moment somebody answered"),
    "price_at": mark("the reason written down: price"),
    "competitor_at": mark("the reason written down: competitor"),
    "reason_at": mark("the reason written down"),
    "lost_at": mark("the moment it was called lost"),
    "nothing": mark("that nothing is on record"),
    "duplicate": mark("an earlier record of the same person"),
    "test_lead": mark("the agreed signs of a test"),
}
