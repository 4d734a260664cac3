"""Great Expectations, opened for one run: ephemeral, quiet, offline, evaluating inside the warehouse.

This is the only module that imports it, and only inside functions: the import takes seconds and the command line
must answer at once.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.pool import NullPool

from warehouse.engine import Warehouse

RESULTS, SITE = "results", "gx"


@dataclass(frozen=True)
class Session:
    """One open context over one warehouse. Results are kept as files under the run's folder of the Data Docs."""

    context: Any
    source: Any
    run_id: str
    as_of: datetime

    def validate_table(self, name: str, schema: str, table: str, expectations: list[Any]) -> Any:
        """The validation result of a table; only booleans come back, never a value."""
        asset = self.source.add_table_asset(name, table_name=table, schema_name=schema)
        return self._validate(name, asset, expectations, {"result_format": "BOOLEAN_ONLY"})

    def validate_query(self, name: str, query: str, expectations: list[Any]) -> Any:
        """The validation result of a query of counts; the observed counts come back."""
        asset = self.source.add_query_asset(name, query=query)
        return self._validate(name, asset, expectations, {"result_format": "BASIC", "partial_unexpected_count": 0})

    def _validate(self, name: str, asset: Any, expectations: list[Any], result_format: dict[str, Any]) -> Any:
        from great_expectations import ExpectationSuite

        batch = asset.add_batch_definition_whole_table("all").get_batch()
        with _configured_once():
            return batch.validate(ExpectationSuite(name=name, expectations=expectations), result_format=result_format)

    def keep(self, name: str, result: Any) -> None:
        """Store a result where the Data Docs are built from."""
        from great_expectations.core.run_identifier import RunIdentifier
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        key = ValidationResultIdentifier(
            expectation_suite_identifier=ExpectationSuiteIdentifier(name=name),
            run_id=RunIdentifier(run_name=self.run_id, run_time=self.as_of), batch_identifier=name)
        self.context.validation_results_store.set(key, result)


@contextmanager
def session(wh: Warehouse, folder: Path, run_id: str, as_of: datetime) -> Iterator[Session]:
    """A session whose connections are closed at its end; `folder` is the run's folder of the Data Docs."""
    context = quiet_context(folder)
    options = wh.gx_kwargs() | ({"poolclass": NullPool} if wh.dialect == "postgresql" else {})
    with _hushed():
        source = context.data_sources.add_sql(
            "warehouse", connection_string=wh.gx_url(), create_temp_table=False, kwargs=options)
        try:
            yield Session(context, source, run_id, as_of)
        finally:
            source.get_engine().dispose()
            source.get_execution_engine().close()


def imported() -> None:
    """Import Great Expectations, quiet and without telemetry. It takes seconds: who waits anyway does it ahead."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _hushed():
        import great_expectations.data_context
        import great_expectations.expectations  # noqa: F401


def quiet_context(folder: Path) -> Any:
    """An ephemeral context without progress bars, telemetry or temporary sites."""
    imported()
    with _hushed():
        from great_expectations.data_context import EphemeralDataContext, set_context

        class Unwritten(EphemeralDataContext):  # type: ignore[misc]  # its base is untyped
            def _save_project_config(self) -> None:
                """In memory there is nothing to save; writing it all as YAML for every suite costs a night seconds."""

        context = Unwritten(project_config=_config(folder))
        set_context(context)
        return context


@contextmanager
def _configured_once() -> Iterator[None]:
    """Keep what an expectation says of its own arguments while its suite is validated.

    Great Expectations 1.24 makes it anew for every argument that it looks up, some fifty times per expectation: a fifth
    of a gate's time. A test holds the answers against those that it gives by itself.
    """
    from great_expectations.expectations.expectation import Expectation

    made: dict[int, tuple[Any, Any]] = {}  # the expectation is kept too, or its id might be given to another one
    by_itself = Expectation.configuration

    def once(expectation: Any) -> Any:
        if id(expectation) not in made:
            made[id(expectation)] = expectation, by_itself.fget(expectation)
        return made[id(expectation)][1]

    Expectation.configuration = property(once)
    try:
        yield
    finally:
        Expectation.configuration = by_itself


def _config(folder: Path) -> Any:
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                               progress_bars=ProgressBarsConfig(globally=False))
    config.stores["validation_results_store"] = {
        "class_name": "ValidationResultsStore", "store_backend": _files(folder / RESULTS)}
    config.data_docs_sites = {"local": {
        "class_name": "SiteBuilder", "show_how_to_buttons": False, "store_backend": _files(folder / SITE),
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}}
    return config


def _files(folder: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}


@contextmanager
def _hushed() -> Iterator[None]:
    """Its warnings are about its own plumbing (a nicer datasource class, pydantic v1 models), nothing of ours."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
