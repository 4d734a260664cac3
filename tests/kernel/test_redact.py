"""Redaction: what is known as a secret, or looks like one, never reaches a log or a message."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscheck import redact as module
from crosscheck.redact import RedactingFilter, install, redact, register_secret

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*", exclude_categories=["Cs", "Zs", "Cc"]),
                  min_size=6, max_size=60)


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(module, "_known", set())


@given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_registered_secret_is_never_shown(secret: str, before: str, after: str) -> None:
    """Wherever it stands and whatever surrounds it."""
    register_secret(secret)
    assert secret not in redact(f"{before}{secret}{after}")


def test_a_secret_inside_a_longer_one() -> None:
    """The longer one goes first, so that no rest of it stays."""
    register_secret("abcdef")
    register_secret("abcdef-012345")
    assert redact("abcdef-012345") == "***"


def test_a_secret_in_the_way_a_url_writes_it() -> None:
    """Percent-encoded in a query or a body, it is the same secret."""
    register_secret("1//refresh+token=")
    assert "refresh" not in redact("grant=1%2F%2Frefresh%2Btoken%3D and grant=1//refresh%2Btoken%3D")


@pytest.mark.parametrize(("text", "safe"), [
    ("GET /v26.0/act_1/insights?access_token=EAAB1&limit=5", "GET /v26.0/act_1/insights?access_token=***&limit=5"),
    ('{"refresh_token": "1//0abc", "x": 1}', '{"refresh_token": "***", "x": 1}'),
    ("Authorization: Bearer ya29.a0AfH-_xyz", "Authorization: Bearer ***"),
    ("postgresql+psycopg://night:pa55word@db/x", "postgresql+psycopg://night:***@db/x"),
    ("https://api.telegram.org/bot123456:AAE-x_y/send", "https://api.telegram.org/bot***/send"),
    ("X-API-KEY: abc123def", "X-API-KEY: ***"),
    ("lead an.nguyen+x@thu.example.vn called", "lead *** called"),
])
def test_what_looks_like_a_secret(text: str, safe: str) -> None:
    """Tokens, passwords and addresses that nobody registered are masked by their shape; the rest stays readable."""
    assert redact(text) == safe


@given(text=st.text(st.characters(categories=["L", "Nd"]) | st.sampled_from(" .,:/-_()"), max_size=80))
def test_twice_is_once(text: str) -> None:
    """Redacting what is redacted changes nothing."""
    assert redact(redact(text)) == redact(text)


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    """A handler that the root logger has had from before."""
    found = logging.NullHandler()
    logging.getLogger().addHandler(found)
    yield found
    logging.getLogger().removeHandler(found)


def test_install_reaches_every_handler_once(handler: logging.Handler) -> None:
    """Handlers that were there get one filter, however often it is asked for."""
    install()
    install()
    assert [type(item) for item in handler.filters] == [RedactingFilter]


def test_arguments_and_tracebacks_are_redacted() -> None:
    """A secret among the arguments of a record, or in an exception's text, is masked too."""
    register_secret("hunter2-hunter2")
    error = RuntimeError("refused hunter2-hunter2")
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "key %s", ("hunter2-hunter2",),
                               (RuntimeError, error, None))
    assert RedactingFilter().filter(record)
    assert logging.Formatter().format(record) == "key ***\nRuntimeError: refused ***"
