"""Words of the published tables."""

from crosscheck.tables import Field

FIELDS: tuple[Field, ...] = ()
