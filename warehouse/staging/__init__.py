"""Derived tables between the canonical rows and the marts."""
