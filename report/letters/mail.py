"""A parcel as a mail: plain text and HTML side by side, pictures within, the workbook attached."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from report.letters import forms
from report.letters.letter import plain
from report.letters.post import Parcel

_EXCEL = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def message(parcel: Parcel, sender: str, to: list[str], now: datetime) -> EmailMessage:
    """The mail. Its Message-ID is the parcel's own, so that a mailbox which gets it twice can show it once."""
    letter, mail = parcel.letter, EmailMessage()
    mail["Subject"] = plain(letter.subject)
    mail["From"] = Address(plain(letter.project), addr_spec=sender)
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{parcel.message_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(forms.text(letter))
    mail.add_alternative(forms.html(letter, parcel.charts), subtype="html")
    page = mail.get_payload()[1]  # type: ignore[index]
    assert isinstance(page, EmailMessage)
    for chart in parcel.charts:
        page.add_related(chart.png, "image", "png", cid=f"<{chart.cid}>", filename=f"{chart.cid}.png",
                         disposition="inline")
    if parcel.workbook:
        kind, sub = _EXCEL
        mail.add_attachment(parcel.workbook, kind, sub, filename=f"{letter.kind}-{parcel.day}.xlsx")
    mail["Content-Language"] = letter.language  # last: content that is added takes such headers with it
    return mail
