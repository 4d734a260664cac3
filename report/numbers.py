"""Numbers, money and times as a reader of a language writes them. Null is never shown as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates, numbers

from report.words import Language

#: How a value that is not known is shown.
UNKNOWN = "–"
#: Babel shortens the Vietnamese scale words to letters that no reader of a report knows.
_VI_SCALE = ((Decimal(10) ** 9, "tỷ"), (Decimal(10) ** 6, "triệu"))
_LOCALES = {Language.VI: "vi_VN", Language.EN: "en_GB"}

Number = Decimal | int | float


@dataclass(frozen=True)
class Numbers:
    """How one language shows the figures of a company, in its reporting currency and its business zone."""

    language: Language
    currency: str
    zone: ZoneInfo

    @property
    def locale(self) -> str:
        """The locale that Babel knows."""
        return _LOCALES[self.language]

    @property
    def chart_format(self) -> dict[str, Any]:
        """How a chart's axes write numbers, in the terms of D3 (d3-format's `formatLocale`)."""
        return {"decimal": numbers.get_decimal_symbol(self.locale), "thousands": numbers.get_group_symbol(self.locale),
                "grouping": [3], "currency": ["", ""]}

    def count(self, value: Number | None) -> str:
        """A count, or a day sum: `12.345`."""
        return UNKNOWN if value is None else numbers.format_decimal(value, format="#,##0", locale=self.locale)

    def decimal(self, value: Number | None, digits: int = 2) -> str:
        """A ratio such as ROI, with as many digits: `1,35`."""
        pattern = "#,##0." + "0" * digits
        return UNKNOWN if value is None else numbers.format_decimal(value, format=pattern, locale=self.locale)

    def percent(self, value: Number | None, digits: int = 0) -> str:
        """A share of 1 as per cent: `43 %`."""
        pattern = f"#,##0{'.' + '0' * digits if digits else ''}%"
        return UNKNOWN if value is None else numbers.format_percent(value, format=pattern, locale=self.locale)

    def money(self, value: Number | None) -> str:
        """An amount of the reporting currency, to the last unit that it has: `1.023.456.789 ₫`."""
        return UNKNOWN if value is None else numbers.format_currency(value, self.currency, locale=self.locale)

    def short_money(self, value: Number | None) -> str:
        """An amount to three figures, for headlines and charts: `1,02 tỷ ₫`."""
        if value is None:
            return UNKNOWN
        if self.language is not Language.VI:
            return numbers.format_compact_currency(value, self.currency, locale=self.locale, fraction_digits=2)
        symbol = numbers.get_currency_symbol(self.currency, locale=self.locale)
        exact = Decimal(str(value))
        for scale, word in _VI_SCALE:
            if abs(exact) >= scale:
                return f"{numbers.format_decimal(_figures(exact / scale), locale=self.locale)} {word} {symbol}"
        return self.money(value)

    def day(self, value: date | None) -> str:
        """A calendar day: `21 thg 11, 2026`."""
        return UNKNOWN if value is None else dates.format_date(value, format="medium", locale=self.locale)

    def month(self, value: date | None) -> str:
        """A calendar month: `09/2026`."""
        return UNKNOWN if value is None else f"{value:%m/%Y}"

    def months(self, values: Sequence[date]) -> str:
        """The months from the first to the last: `07/2026 – 09/2026`."""
        return " – ".join(dict.fromkeys(self.month(value) for value in [*values[:1], *values[-1:]])) or UNKNOWN

    def signed(self, value: Number | None, shown: str) -> str:
        """A change, already shown, with its sign: `+43%`; a minus as wide as the plus."""
        if value is None:
            return UNKNOWN
        return f"+{shown}" if value > 0 else shown.replace("-", "−", 1)

    def moment(self, value: datetime | None) -> str:
        """A moment in the company's zone, which is named. Moments are stored in UTC, with or without saying so."""
        if value is None:
            return UNKNOWN
        stated = value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC"))
        shown = dates.format_datetime(stated, format="short", tzinfo=self.zone, locale=self.locale)
        return f"{shown} ({self.zone.key})"


def _figures(value: Decimal) -> Decimal:
    """A value of at least 1, to three figures or to its last whole unit."""
    return round(value, max(0, 2 - value.copy_abs().adjusted()))
