"""The night: which step follows which. No SQL, no HTTP, no pandas; only `nightly` and its like import Prefect."""
