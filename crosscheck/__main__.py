"""The console script: parse, run, and end with an exit code that says what happened."""

from __future__ import annotations

import os
import sys
import traceback


def main() -> None:
    """Run the command line; a foreseen error is one message and its exit code, never a traceback."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    from crosscheck.redact import install

    install()
    sys.exit(call(sys.argv[1:]))


def call(words: list[str]) -> int:
    """The exit code of a command line; with `--json` an error is a JSON document on stderr."""
    from cyclopts import CycloptsError

    from crosscheck.cli import app
    from crosscheck.errors import CrosscheckError

    try:
        code = app(words, result_action="return_value", exit_on_error=False)
    except CycloptsError:
        return 2  # cyclopts has said on stderr what is off
    except CrosscheckError as error:
        from crosscheck.cli.out import complain

        complain(error, as_json="--json" in words)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who read has seen enough: `crosscheck sql … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 -- a traceback may quote a vendor's answer or an address with its password
        from crosscheck.redact import redact

        sys.stderr.write(redact(traceback.format_exc()) + "This is a fault of Crosscheck's: please report it.\n")
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
