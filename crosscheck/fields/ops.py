"""Words about slices, rows and runs."""

from crosscheck.tables import Field, Kind

FIELDS = (
    Field("stream_key", Kind.TEXT, "Source, account and stream that own the row, joined by '/'."),
    Field("slice_id", Kind.ID, "The unit of reading that brought the row; names its folder in landing."),
    Field("page_no", Kind.COUNT, "Page of the slice in landing, from 1.", low=1),
    Field("row_no", Kind.COUNT, "Row within the page, from 1.", low=1),
    Field("rule_version", Kind.TEXT, "Content version of the rule that classified the row."),
)
