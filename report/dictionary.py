"""The dictionary in the languages of the report, printed from the records: the published tables and the ratios.

`python -m report.dictionary` writes it; a test compares it with the records of today. English: `warehouse.dictionary`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from crosscheck.tables import TECHNICAL, Column, Table
from report.words import Language, words
from warehouse.dictionary import BASES, physical
from warehouse.marts import MARTS, Mart
from warehouse.metrics import METRICS, Metric

_ROOT = Path(__file__).parents[1]
_GENERATED = "<!-- Viết bởi `python -m report.dictionary` từ các định nghĩa; hãy sửa ở đó. -->"
_METRICS_HEAD = f"""\
{_GENERATED}
# Các chỉ số

Mỗi tỷ lệ được định nghĩa một lần, trong `warehouse/metrics.py`, và luôn được tính lại từ tổng các thành phần.
Muốn có tỷ lệ cho những dòng khác, hãy cộng tử số và mẫu số trước rồi mới chia; trung bình của các tỷ lệ là một con số
khác. Không có mẫu số thì để trống, không bao giờ là 0. Tỷ lệ trên dưới 20 lead không được nêu.
Bản tiếng Anh: [metrics.md](metrics.md). Các bảng: [tables.vi.md](tables.vi.md).

| chỉ số | công thức | đơn vị | ý nghĩa | có trong bảng |
|---|---|---|---|---|
"""
_TABLES_HEAD = f"""\
{_GENERATED}
# Các bảng công bố (`mart`)

Đây là các bảng mà người phân tích truy vấn; tên bảng và tên cột giữ nguyên. Các bảng đứng sau chúng (`staging`, `ops`),
kho lưu trữ (`archive`) và các kiểm tra từng dòng trước khi công bố chỉ có trong bản tiếng Anh: [tables.md](tables.md).
Các tỷ lệ: [metrics.vi.md](metrics.vi.md).

Các cột ghi (khóa) cùng nhau xác định một dòng. Số tiền là số thập phân, loại tiền ghi ở cột bên cạnh; tỷ lệ nằm giữa
0 và 1; điều không được báo thì để trống (null), không bao giờ là 0. Mốc ngày cho biết con số được xếp theo ngày nào:

"""

#: A text as a language says it.
Say = Callable[[str], str]


def vietnamese(text: str) -> str:
    """A text in Vietnamese, by the catalogues."""
    return words(Language.VI).gettext(text)


def documents(say: Say = vietnamese) -> dict[str, str]:
    """Each generated file by its path from the project's root."""
    return {"docs/metrics.vi.md": _METRICS_HEAD + _lines(_metric(metric, say) for metric in METRICS),
            "docs/tables.vi.md": _TABLES_HEAD + _lines(_tables(say))}


def texts() -> set[str]:
    """The English texts that the catalogues must know: what is asked for while the documents are printed."""
    asked: set[str] = set()

    def ask(text: str) -> str:
        asked.add(text)
        return text

    documents(ask)
    return asked


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _metric(metric: Metric, say: Say) -> str:
    places = ", ".join(f"`{mart.name}`" for mart in MARTS if metric.name in mart.record.by_name)
    return f"| `{metric.name}` | `{metric.formula}` | {say(metric.unit)} | {say(metric.meaning)} | {places} |"


def _tables(say: Say) -> Iterator[str]:
    yield from (f"- **{name}**: {say(meaning)}." for name, meaning in BASES.items())
    for mart in MARTS:
        yield from _mart(mart, say)


def _mart(mart: Mart, say: Say) -> Iterator[str]:
    record = mart.record
    yield from ("", f"## {record.full_name}", "", say(record.grain))
    if record.notes:
        yield from ("", say(record.notes))
    yield from ("", "| cột | kiểu | đơn vị | mốc | ý nghĩa |", "|---|---|---|---|---|")
    yield from (_row(record, column, say) for column in record.columns if column.name not in TECHNICAL)
    yield from ("", f"**Cách đọc.** {say(' '.join(mart.prose.split()))}")


def _row(record: Table, column: Column, say: Say) -> str:
    field = column.field
    name = f"`{column.name}`" + (" (khóa)" if column.name in record.key else "")
    unit = say(field.unit) if field.unit else ""
    allowed = f" Một trong: {', '.join(field.allowed)}." if field.allowed else ""
    return f"| {name} | {physical(record, field)} | {unit} | {column.basis} | {say(field.meaning)}{allowed} |"


def write(root: Path = _ROOT) -> None:
    """Write every generated file."""
    for path, text in documents().items():
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
