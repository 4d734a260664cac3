"""Who may see what, by connecting as each: nothing is believed that a login of that role has not tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.settings import Settings
from tests.cli.conftest import say
from tests.marts import world
from tests.marts.world import FIRST, NIGHT, noon, put, with_source
from warehouse import ledger, ops, roles
from warehouse.engine import Warehouse, open_warehouse
from warehouse.marts import MARTS
from warehouse.migrations import migrate
from warehouse.publish import publish
from warehouse.roles import ANALYST, HEAD, OPERATOR, ROLES, SALESPERSON

OWN = [record.full_name for record in roles.of_persons()]
LOGINS = {"t_analyst": ANALYST, "t_head": HEAD, "t_an": SALESPERSON, "t_binh": SALESPERSON, "t_operator": OPERATOR}
PIPELINE = "t_pipeline"


@dataclass(frozen=True)
class Server:
    """A warehouse with granted roles, and the answers that its logins get."""

    wh: Warehouse

    def __call__(self, login: str, query: str) -> list[tuple[object, ...]]:
        """The rows a login sees; PermissionError when the server refuses."""
        engine = sa.create_engine(self.wh.engine.url.set(username=login), poolclass=sa.NullPool)
        try:
            with engine.connect() as conn:
                return [tuple(row) for row in conn.exec_driver_sql(query)]
        except sa.exc.ProgrammingError as error:
            if "permission denied" not in str(error.orig):
                raise
            raise PermissionError(str(error.orig)) from None

    def sees(self, login: str, table: str) -> bool:
        """Whether a login may read anything of a table."""
        try:
            self(login, f"SELECT count(*) FROM {table}")
        except PermissionError:
            return False
        return True


def play(wh: Warehouse, nights: int = 0) -> None:
    """A night: leads of two salespersons in two sources and of nobody, deals, breaches, late calls; published."""
    for owner in ("an", "binh", None):
        lead_id, day = f"{owner}{nights}", FIRST + timedelta(days=nights)
        put(wh, "lead", {"lead_id": lead_id, "created_day": day, "owner_id": owner})
        put(wh, "activity", {"lead_id": lead_id, "activity_id": lead_id, "direction": "outbound",
                             "occurred_at": noon(day, 30)},
            {"lead_id": lead_id, "activity_id": f"late-{lead_id}", "actor_id": owner,
             "occurred_at": (NIGHT + timedelta(days=nights - 1)).replace(tzinfo=None)})
        put(wh, "lead_status", {"lead_id": lead_id, "status": "LATER", "entered_at": noon(day, 31)})
        put(wh, "deal", {"deal_id": lead_id, "lead_id": lead_id, "closed_day": day, "owner_id": owner,
                         "deal_amount": 7, "discount_amount": 1})
    put(wh, "lead", {"source": "other", "lead_id": f"an{nights}", "created_day": FIRST, "owner_id": "an"})
    run = ledger.begin_run(wh, "nightly", NIGHT + timedelta(days=nights))
    publish(wh, run, world.build(wh, run, states=world.STATES).marts)


@pytest.fixture(scope="module")
def ask(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A warehouse whose pipeline is no superuser: a published night, roles, a login for each, and who is who."""
    server = request.getfixturevalue("postgres_server")
    with server.connect() as admin:
        admin.execute(f"CREATE ROLE {PIPELINE} LOGIN CREATEROLE")
        admin.execute(f"CREATE DATABASE roles OWNER {PIPELINE}")
    url = server.url("roles").replace("crosscheck@", f"{PIPELINE}@")
    settings = with_source(Settings(store=Settings().store.model_copy(update={"warehouse": url})))
    with open_warehouse(settings) as wh:
        migrate(wh)
        roles.grant(wh)
        play(wh)
        roles.assign(wh, "t_an", [("crm", "an")])
        roles.assign(wh, "t_binh", [("crm", "an"), ("other", "an")])
        roles.assign(wh, "t_binh", [("crm", "binh")])
        with server.connect() as admin:
            for login, role in LOGINS.items():
                admin.execute(f"CREATE ROLE {login} LOGIN")
                admin.execute(f"GRANT {role} TO {login}")
        yield Server(wh)
    server.drop("roles")
    with server.connect() as admin:
        for login in (*LOGINS, *ROLES, PIPELINE):
            admin.execute(f"DROP ROLE {login}")


def test_an_analyst_reads_every_mart_and_no_salesperson(ask: Server) -> None:
    """Every mart, every row; no column that names a salesperson, nothing behind the marts, and no writing."""
    assert {mart.name for mart in MARTS if not ask.sees("t_analyst", mart.record.full_name)} == set()
    assert ask("t_analyst", "SELECT count(*) FROM mart.lead_fact") == [(4,)]
    for query in (*(f"SELECT owner_id FROM {table}" for table in OWN), "SELECT * FROM mart.sla_breach",
                  "SELECT * FROM restricted.contact", "SELECT * FROM staging.lead", "SELECT * FROM mart_next.lead_fact",
                  "SELECT * FROM ops.run", "SELECT * FROM ops.salesperson", "DELETE FROM mart.lead_fact",
                  "INSERT INTO mart.rule_version SELECT * FROM mart.rule_version"):
        with pytest.raises(PermissionError):
            ask("t_analyst", query)


def test_a_head_reads_the_rows_per_person_too(ask: Server) -> None:
    """Whole rows of every mart, as many as there are; nothing behind them."""
    for mart in MARTS:
        with ask.wh.engine.connect() as conn:
            there = conn.scalar(sa.text(f"SELECT count(*) FROM {mart.record.full_name}"))
        assert len(ask("t_head", f"SELECT * FROM {mart.record.full_name}")) == there
    assert {("an",), ("binh",)} < set(ask("t_head", "SELECT owner_id FROM mart.discount"))
    for table in ("restricted.contact", "staging.lead", "staging.activity", "ops.outbox", "ops.salesperson"):
        assert not ask.sees("t_head", table)


@pytest.mark.parametrize("table", OWN)
def test_a_salesperson_reads_his_own_rows(ask: Server, table: str) -> None:
    """Of a mart that names salespersons those of his ids and sources: not a colleague's, nobody's or a namesake's."""
    rows = set(ask("t_head", f"SELECT source, owner_id, count(*) FROM {table} GROUP BY 1, 2"))
    for login, owner in (("t_an", "an"), ("t_binh", "binh")):
        own = {row for row in rows if row[:2] == ("crm", owner)}
        assert set(ask(login, f"SELECT source, owner_id, count(*) FROM {table} GROUP BY 1, 2")) == own
        assert own


def test_a_salesperson_reads_nothing_else(ask: Server) -> None:
    """No other mart, nothing behind them, of the list of logins his own line; and he cannot make himself another."""
    assert [mart.name for mart in MARTS if ask.sees("t_an", mart.record.full_name)
            and mart.record.full_name not in OWN] == []
    assert ask("t_an", "SELECT login, source, owner_id FROM ops.salesperson") == [("t_an", "crm", "an")]
    for query in ("SELECT * FROM restricted.contact", "SELECT * FROM staging.lead", "SELECT * FROM ops.run",
                  "UPDATE ops.salesperson SET owner_id = 'binh'", "SET ROLE t_binh",
                  "INSERT INTO ops.salesperson VALUES ('t_an', 'crm', 'binh')"):
        with pytest.raises(PermissionError):
            ask("t_an", query)


def test_an_operator_reads_the_machinery_and_nobodys_rows(ask: Server) -> None:
    """Runs, slices, gates, deliveries; neither a mart nor a value of a row, nor what an alert says of a lead."""
    for table in ("run", "slice", "check_result", "quarantine", "publication", "stream_state"):
        assert ask.sees("t_operator", f"ops.{table}")
    assert ask("t_operator", "SELECT channel, status, attempts, last_error FROM ops.outbox") == []
    for query in ("SELECT body FROM ops.outbox", "SELECT topic FROM ops.outbox", "SELECT * FROM ops.restatement",
                  "SELECT * FROM ops.salesperson", "SELECT * FROM restricted.contact", "SELECT * FROM staging.lead",
                  "SELECT * FROM mart.lead_fact", "SELECT * FROM mart.tieout", "UPDATE ops.run SET status = 'failed'"):
        with pytest.raises(PermissionError):
            ask("t_operator", query)


def test_grants_survive_a_night_and_are_mended(ask: Server) -> None:
    """After the next publication everybody sees its rows and no more; a grant by hand is seen, and taken back."""
    before = ask("t_head", "SELECT count(*) FROM mart.lead_fact")
    play(ask.wh, nights=1)
    assert ask("t_head", "SELECT count(*) FROM mart.lead_fact") > before
    assert ask("t_an", "SELECT lead_id FROM mart.lead_fact ORDER BY 1") == [("an0",), ("an1",)]
    with ask.wh.engine.begin() as conn:
        assert roles.drift(conn) == roles.Drift(frozenset(), frozenset())
        conn.exec_driver_sql(f"GRANT SELECT ON restricted.contact TO {ANALYST}")
        conn.exec_driver_sql(f"REVOKE SELECT ON mart.tieout FROM {HEAD}")
    with ask.wh.engine.connect() as conn:
        found = roles.drift(conn)
    assert found is not None
    assert {column[:2] for column in found.missing} == {(HEAD, "mart.tieout")}
    roles.grant(ask.wh)
    assert not ask.sees("t_analyst", "restricted.contact")
    assert ask.sees("t_head", "mart.tieout")


def test_what_names_a_salesperson_is_under_row_security(ask: Server) -> None:
    """Every published table with such a column, and no other; each has the source that its owner ids belong to."""
    secured = {row[0] for row in ask("t_head", "SELECT relname FROM pg_class WHERE relrowsecurity "
                                               "AND relnamespace = 'mart'::regnamespace")}
    assert secured == {record.name for record in roles.of_persons()}
    assert all({"source", "owner_id"} <= set(record.by_name) for record in roles.of_persons())
    assert {column.name for record in roles.of_persons() for column in record.columns if column.field.staff} == {
        "owner_id"}


def test_who_may_not_make_roles_is_told_what_to_do(ask: Server, settings_for: Callable[[str], Settings]) -> None:
    """A login without the right, an engine without users: a sentence and the next step; the script needs neither."""
    engine = sa.create_engine(ask.wh.engine.url.set(username="t_operator"), poolclass=sa.NullPool)
    with pytest.raises(ConfigError, match="may not make or grant roles"):
        roles.grant(Warehouse(engine, "postgresql", ask.wh.settings))
    with open_warehouse(settings_for("duckdb")) as wh, pytest.raises(ConfigError, match="DuckDB knows no users"):
        roles.assign(wh, "an", [("crm", "1")])
    shown = say("grant", "--sql").out
    assert shown.startswith("BEGIN;\nDO $$")
    with ask.wh.engine.begin() as conn:
        conn.exec_driver_sql(shown.removeprefix("BEGIN;\n").removesuffix("COMMIT;\n"))
        assert conn.scalar(sa.select(sa.func.count()).select_from(ops.salesperson)) == 2
        assert roles.drift(conn) == roles.Drift(frozenset(), frozenset())


def test_the_words_for_it(ask: Server, tmp_path: Path) -> None:
    """`grant` and `salesperson` do it, `doctor` says whether it holds; a source that nobody configured is refused."""
    config = tmp_path / "crosscheck.toml"
    source = '[[sources]]\nname = "crm"\nconnector = "hubspot"\n'
    config.write_text(f'[store]\nwarehouse = "{ask.wh.gx_url()}"\n{source}', encoding="utf-8")
    with ask.wh.engine.begin() as conn:
        conn.exec_driver_sql(f"REVOKE SELECT ON mart.tieout FROM {HEAD}")
    shown = say("doctor", "--offline", "--config", config).out
    assert f"1 times, first {HEAD} on mart.tieout" in shown
    assert set(say("grant", "--config", config, "--json").json["roles"]) == set(ROLES)
    assert "reading roles as declared" in say("doctor", "--offline", "--config", config).out
    assert say("salesperson", "t_new", "crm/7", "crm/8", "--config", config, "--json").json["owners"] == [
        "crm/7", "crm/8"]
    assert say("salesperson", "t_new", "elsewhere/7", "--config", config).code == 3
    assert say("salesperson", "t_new", "crm", "--config", config).code == 2
    assert say("salesperson", "t_new", "--config", config).code == 0
    with ask.wh.engine.connect() as conn:
        assert set(conn.scalars(sa.select(ops.salesperson.c.login))) == {"t_an", "t_binh"}
