"""Words about slices, rows and runs."""

from crosscheck.tables import Field, Kind

FIELDS = (
    Field("stream_key", Kind.TEXT, "Source, account and stream that own the row, joined by '/'."),
    Field("slice_id", Kind.ID, "The unit of reading that brought the row; names its folder in landing."),
    Field("page_no", Kind.COUNT, "Page of the slice in landing, from 1.", low=1),
    Field("row_no", Kind.COUNT, "Row within the page, from 1.", low=1),
    Field("rule_version", Kind.TEXT, "Content version of the rule that classified the row."),
    Field("rule_file", Kind.TEXT, "The rule file, or the folder of files that share a version, below `rules/`; appeal: "
                                   "both departments agreed on this lead."),
    Field("effective_from", Kind.TEXT, "Since when this version holds, as its file says; it may be a day to come."),
    Field("signed_by_marketing", Kind.TEXT, "Who signed for marketing; null where nobody did."),
    Field("signed_by_sales", Kind.TEXT, "Who signed for sales; null where nobody did."),
    Field("is_draft", Kind.FLAG, "A signature is missing: the version holds, but is not agreed."),
)
