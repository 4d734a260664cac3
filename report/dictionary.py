"""The catalogue of the ratios in the languages of the report, printed from the records that make them.

`python -m report.dictionary` writes it, a test compares it with the records of today. docs/metrics.md is in English.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from report.words import Language, words
from warehouse.marts import MARTS
from warehouse.metrics import METRICS, Metric

PATH = Path(__file__).parents[1] / "docs/metrics.vi.md"
_HEAD = """\
<!-- Viết bởi `python -m report.dictionary` từ các định nghĩa; hãy sửa ở đó. -->
# Các chỉ số

Mỗi tỷ lệ được định nghĩa một lần, trong `warehouse/metrics.py`, và luôn được tính lại từ tổng các thành phần.
Muốn có tỷ lệ cho những dòng khác, hãy cộng tử số và mẫu số trước rồi mới chia; trung bình của các tỷ lệ là một con số
khác. Không có mẫu số thì để trống, không bao giờ là 0. Tỷ lệ trên dưới 20 lead không được nêu.
Bản tiếng Anh: [metrics.md](metrics.md).

| chỉ số | công thức | đơn vị | ý nghĩa | có trong bảng |
|---|---|---|---|---|
"""
_UNITS = {"share": "phần", "ratio": "tỷ số", "reporting currency": "tiền tệ báo cáo",
          "reviewers' scale": "thang điểm của người nghe"}


def metrics() -> str:
    """The Vietnamese catalogue."""
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    translate = words(Language.VI).gettext
    for metric in METRICS:
        yield (f"| `{metric.name}` | `{metric.formula}` | {_UNITS[metric.unit]} | {translate(metric.meaning)} | "
               f"{_places(metric)} |\n")


def _places(metric: Metric) -> str:
    return ", ".join(f"`{mart.name}`" for mart in MARTS if metric.name in mart.record.by_name)


if __name__ == "__main__":
    PATH.write_text(metrics(), encoding="utf-8")
