"""Schema `ops`: what ran, what it read, what changed, what was refused, what was told and what was published.

Instants are naive UTC. Texts that come from elsewhere (errors, details) are redacted before they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData(schema="ops")


def _col(name: str, kind: Any, comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)


def _table(name: str, comment: str, key: str, *columns: sa.Column[Any]) -> sa.Table:
    made = sa.Table(name, METADATA, *columns, comment=comment)
    if key:
        sa.Index(f"{name}_key_ops", *(made.c[c] for c in key.split()), unique=True)
    return made


_TEXT, _COUNT, _INSTANT, _DAY, _FLAG = sa.Text(), sa.BigInteger(), sa.DateTime(), sa.Date(), sa.Boolean()

run = _table(
    "run", "One row per run: a night, a backfill or a deep restatement.", "run_id",
    _col("run_id", _TEXT, "Kind and as-of instant; a repeated finished run gets a number behind it."),
    _col("kind", _TEXT, "nightly, backfill or weekly_deep."),
    _col("as_of", _INSTANT, "The run's clock: what it takes for now."),
    _col("status", _TEXT, "running, published, gate_failed or failed."),
    _col("started_at", _INSTANT, "When the run's first attempt began."),
    _col("heartbeat_at", _INSTANT, "Last sign of life."),
    _col("finished_at", _INSTANT, "When it ended; null while it runs or after a crash.", null=True),
    _col("owner", _TEXT, "Fencing token of the process that carries the run."),
    _col("attempts", _COUNT, "How often it was begun: 1, and 1 more for every resumption."),
    _col("note", _TEXT, "Why it ended as it did; the stale sources of a partial night."),
)

slice_ = _table(
    "slice", "One row per slice of a run: the unit of reading, retry and accounting.", "slice_id",
    _col("slice_id", _TEXT, "Names the slice and its folder in landing."),
    _col("run_id", _TEXT, "The run that read it."),
    _col("stream_key", _TEXT, "Source, account and stream, joined by '/'."),
    _col("source", _TEXT, "Configured source."),
    _col("connector", _TEXT, "Connector that reads the source."),
    _col("account_id", _TEXT, "Account of the vendor."),
    _col("stream", _TEXT, "Stream of the connector."),
    _col("first_day", _DAY, "First account-local day of the window."),
    _col("last_day", _DAY, "Last account-local day of the window."),
    _col("since", _INSTANT, "Cursor from which an incremental stream was read.", null=True),
    _col("status", _TEXT, "planned, landed, staged or refused."),
    _col("received_rows", _COUNT, "Rows the vendor sent; null before landing.", null=True),
    _col("mapped_rows", _COUNT, "Rows of the primary table after mapping.", null=True),
    _col("quarantined_rows", _COUNT, "Rows refused by the mapping or by gate 1.", null=True),
    _col("deduplicated_rows", _COUNT, "Rows of the primary table that lost to a later fetch of their key.", null=True),
    _col("staged_rows", _COUNT, "Rows of the primary table that entered staging.", null=True),
    _col("table_rows", _TEXT, "Rows staged per table, as JSON.", null=True),
    _col("drift", _TEXT, "Vendor keys that nobody maps, as a JSON list.", null=True),
    _col("error_kind", _TEXT, "Class of the error that refused the slice.", null=True),
    _col("error", _TEXT, "Its sentence, redacted.", null=True),
    _col("changed_at", _INSTANT, "As-of instant of the run that last changed the row."),
)

stream_state = _table(
    "stream_state", "One row per stream of an account: how far it is read; changes only with its rows.", "stream_key",
    _col("stream_key", _TEXT, "Source, account and stream, joined by '/'."),
    _col("source", _TEXT, "Configured source."),
    _col("account_id", _TEXT, "Account of the vendor."),
    _col("stream", _TEXT, "Stream of the connector."),
    _col("covered_from_day", _DAY, "First day ever staged."),
    _col("covered_to_day", _DAY, "Last day staged: the night after reads on from there."),
    _col("cursor_at", _INSTANT, "Where the next incremental read begins, before its overlap.", null=True),
    _col("definition", _TEXT, "Content hash of the stream's definition that was last staged."),
    _col("staged_rows", _COUNT, "Rows of the primary table in the newest slice."),
    _col("slice_id", _TEXT, "The newest staged slice."),
    _col("run_id", _TEXT, "Its run."),
    _col("fresh_at", _INSTANT, "As-of instant of that run: how old the source's data is."),
)

restatement = _table(
    "restatement", "One row per value that a later fetch gave differently, or that came late or vanished.", "",
    _col("run_id", _TEXT, "The run that saw the difference."),
    _col("slice_id", _TEXT, "The slice that brought the new value; of a vanished row, the slice that had brought it."),
    _col("table_name", _TEXT, "Staging table."),
    _col("row_key", _TEXT, "The row's key values, joined by '|'."),
    _col("day", _DAY, "The row's day, where it has one.", null=True),
    _col("column_name", _TEXT, "The column that differs."),
    _col("old_value", _TEXT, "Value before, as text.", null=True),
    _col("new_value", _TEXT, "Value after, as text.", null=True),
    _col("change", _TEXT, "changed, vanished (the row is gone) or appeared (a new row in days already covered)."),
)

quarantine = _table(
    "quarantine", "One row per reason for which a vendor's row was kept out; its values stay in landing.", "",
    _col("run_id", _TEXT, "The run."),
    _col("slice_id", _TEXT, "The slice."),
    _col("table_name", _TEXT, "Table the row was meant for; the stream's primary one when mapping refused it."),
    _col("page_no", _COUNT, "Page in landing."),
    _col("row_no", _COUNT, "Row within the page."),
    _col("reason", _TEXT, "Why."),
    _col("field", _TEXT, "The column or vendor field at fault."),
    _col("refused_by", _TEXT, "mapping or gate 1."),
)

check_result = _table(
    "check_result", "One row per check of a gate in a run; the newest attempt of a run replaces older ones.", "",
    _col("run_id", _TEXT, "The run."),
    _col("gate", _COUNT, "1 raw rows, 2 staging, 3 marts."),
    _col("table_name", _TEXT, "The table judged."),
    _col("check_name", _TEXT, "The check, with its columns."),
    _col("severity", _TEXT, "fail stops the publication, warn is told."),
    _col("success", _FLAG, "Whether it held."),
    _col("evaluated_rows", _COUNT, "Rows it looked at: none is never a success.", null=True),
    _col("failing_rows", _COUNT, "Rows that break it.", null=True),
    _col("detail", _TEXT, "Numbers and the next step; no values of persons."),
)

outbox = _table(
    "outbox", "One row per message and channel, written with what it tells and delivered afterwards.", "message_id",
    _col("message_id", _TEXT, "Deterministic, so that a repeated run tells nothing twice."),
    _col("run_id", _TEXT, "The run that wrote it."),
    _col("topic", _TEXT, "What it is about: groups messages, holds the cool-down, and is resolved by name."),
    _col("state", _TEXT, "raised, resolved, or noted: told once and never over."),
    _col("severity", _TEXT, "critical, warning, sla or heartbeat: whose channels it goes to."),
    _col("channel", _TEXT, "Name or reference of the channel, never its address."),
    _col("title", _TEXT, "One line."),
    _col("body", _TEXT, "The message."),
    _col("status", _TEXT, "pending, sent, or suppressed by the cool-down."),
    _col("attempts", _COUNT, "Deliveries tried."),
    _col("last_error", _TEXT, "Why the last one failed, redacted.", null=True),
    _col("created_at", _INSTANT, "As-of instant at which it was written."),
    _col("sent_at", _INSTANT, "When a channel took it.", null=True),
)

salesperson = _table(
    "salesperson", "One row per login of PostgreSQL and owner id whose rows are its own (see warehouse/roles.py).",
    "login source owner_id",
    _col("login", _TEXT, "The role that logs in."),
    _col("source", _TEXT, "Configured source."),
    _col("owner_id", _TEXT, "The salesperson's id at that source."),
)

erasure = _table(
    "erasure", "One row per lead and hash of a person who was erased: what arrives under it is emptied.",
    "alias_kind alias_key",
    _col("alias_kind", _TEXT, "lead, email or phone."),
    _col("alias_key", _TEXT, "SOURCE/LEAD_ID, or the keyed hash."),
    _col("person_key", _TEXT, "What stands for the person since; drawn by lot."),
    _col("reason", _TEXT, "Why, without a name."),
    _col("erased_at", _INSTANT, "When."),
)

appeal = _table(
    "appeal", "One row per appeal: what one side says a lead really was (see warehouse/appeals.py).", "appeal_id",
    _col("appeal_id", _TEXT, "Names it; the same claim filed again is the same appeal."),
    _col("source", _TEXT, "Configured source."),
    _col("lead_id", _TEXT, "The lead; the appeal is about its person."),
    _col("state", _TEXT, "The state that is appealed."),
    _col("since_at", _INSTANT, "Since when the lead is in that state; null: it never was.", null=True),
    _col("side", _TEXT, "Which department filed it."),
    _col("filed_at", _INSTANT, "When."),
)

appeal_act = _table(
    "appeal_act", "One row per signature under an appeal or its withdrawal; none is ever removed, and only "
    "erasing a person empties its words.",
    "appeal_id side act",
    _col("appeal_id", _TEXT, "The appeal."),
    _col("side", _TEXT, "marketing or sales."),
    _col("act", _TEXT, "signed or withdrawn."),
    _col("who", _TEXT, "Who did it for that side."),
    _col("why", _TEXT, "The reason given; free text, which may hold personal data.", null=True),
    _col("evidence", _TEXT, "What it rests on: a call's id, a message, a paper; free text too.", null=True),
    _col("acted_at", _INSTANT, "When."),
)

source_pause = _table(
    "source_pause", "One row per time that somebody told nights to leave a source out.", "source paused_at",
    _col("source", _TEXT, "Configured source."),
    _col("until_day", _DAY, "Last day, in the business zone, on which it is left out; it ends by itself."),
    _col("reason", _TEXT, "Why, for whoever reads the numbers meanwhile."),
    _col("by_whom", _TEXT, "The login that said so."),
    _col("paused_at", _INSTANT, "When."),
    _col("resumed_at", _INSTANT, "When somebody ended it early.", null=True),
)

publication = _table(
    "publication", "One row per run whose marts became visible.", "run_id",
    _col("run_id", _TEXT, "The run."),
    _col("as_of", _INSTANT, "Its clock."),
    _col("tables", _TEXT, "Rows published per mart, as JSON."),
    _col("publication_no", _COUNT, "Its number, from 1; null where the archive does not go back to it.", null=True),
    _col("business_day", _DAY, "Its clock's day in the business zone; null before there was an archive.", null=True),
    _col("state", _TEXT, "pending while readers do not see it yet (DuckDB's file is not replaced), then done."),
)

dirty = _table(
    "dirty", "Days whose numbers changed since the last publication.", "",
    _col("basis", _TEXT, "spend, created or closed: which date places the number."),
    _col("day", _DAY, "The day; may stand more than once."),
)

schema_version = _table(
    "schema_version", "One row per migration that was applied.", "version",
    _col("version", _COUNT, "Its number, from 1."),
    _col("name", _TEXT, "What it does."),
)

lease = _table(
    "lease", "One row: whose write transactions are accepted.", "",
    _col("owner", _TEXT, "Fencing token of the newest run's process."),
)

TABLES: tuple[sa.Table, ...] = tuple(METADATA.tables.values())
_BLOCK_ROWS = 500


def insert_rows(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert some hundred rows, all with the same columns, in blocks: DuckDB takes milliseconds per statement."""
    for start in range(0, len(rows), _BLOCK_ROWS):
        conn.execute(sa.insert(table).values([dict(row) for row in rows[start:start + _BLOCK_ROWS]]))
