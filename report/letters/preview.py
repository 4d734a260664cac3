"""Letters as files, for whoever wants to see them before anybody gets them, or has no channel at all."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from report.letters import forms
from report.letters.mail import message
from report.letters.post import Parcel

_SENDER, _READER = "crosscheck@preview.example", "reader@preview.example"


def write(parcel: Parcel, folder: Path, now: datetime) -> list[Path]:
    """The letter in all its forms; the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{parcel.day}-{parcel.letter.kind}-{_safe(parcel.person.name)}"
    made = []
    for ending, body in _forms(parcel, now):
        made.append(folder / f"{stem}{ending}")
        made[-1].write_bytes(body)
    return made


def _forms(parcel: Parcel, now: datetime) -> Iterator[tuple[str, bytes]]:
    letter = parcel.letter
    page = forms.html(letter, parcel.charts)
    for chart in parcel.charts:  # a browser knows no mail's parts
        page = page.replace(f"cid:{chart.cid}", f"data:image/png;base64,{base64.b64encode(chart.png).decode()}")
    yield ".html", page.encode()
    yield ".txt", forms.text(letter).encode()
    yield ".chat.txt", forms.chat(letter, parcel.again).encode()
    yield ".eml", message(parcel, _SENDER, [_READER], now).as_bytes()
    if parcel.workbook:
        yield ".xlsx", parcel.workbook


def _safe(name: str) -> str:
    return re.sub(r"\W+", "-", name).strip("-") or "nobody"
