"""Warehouse: staging, ledger, marts and publication on DuckDB and PostgreSQL, from one definition."""

from warehouse.engine import Warehouse, naive_utc, open_warehouse

__all__ = ["Warehouse", "naive_utc", "open_warehouse"]
