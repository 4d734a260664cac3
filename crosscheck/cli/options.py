"""The options that most words of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter("--json", help="Print the result as JSON.")]
Config = Annotated[Path | None, Parameter("--config", help="The configuration; default ./crosscheck.toml.")]
