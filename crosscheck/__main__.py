"""The console script: parse, run, and end with an exit code that says what happened."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a foreseen error is one message and its exit code, never a traceback."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    from crosscheck.cli import app
    from crosscheck.errors import CrosscheckError
    from crosscheck.redact import install

    install()
    try:
        code = app(result_action="return_value")
    except CrosscheckError as error:
        from crosscheck.cli.out import complain

        complain(error)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
