"""One way to a vendor's JSON: whole, JSON, in time, from the configured origin, or a typed error."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors.base import Limits
from connectors.http import Answer, Http, TokenExpired, by_status, origin
from connectors.retry import Policy, Throttle, retry_after
from crosscheck.errors import (
    AccountRefused,
    BrokenAnswer,
    ConfigError,
    CrosscheckError,
    DataError,
    QuotaExhausted,
    TryAgain,
)


@pytest.fixture
def waits() -> list[float]:
    """Every pause the client would have made."""
    return []


@pytest.fixture
def http(httpserver: HTTPServer, waits: list[float]) -> Iterator[Http]:
    """A client of the test server that never really waits."""
    client = Http(httpserver.url_for(""), limits=Limits(4, 1000), sleep=waits.append)
    yield client
    client.close()


def script(httpserver: HTTPServer, *answers: Response) -> list[Request]:
    """Serve these answers in turn, the last one for ever; returns the requests seen."""
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return answers[min(len(seen), len(answers)) - 1]

    httpserver.expect_request("/x").respond_with_handler(handler)
    return seen


def good() -> Response:
    """What a healthy vendor says."""
    return Response('{"ok": 1}', content_type="application/json")


def test_retry_after_is_obeyed(http: Http, httpserver: HTTPServer, waits: list[float]) -> None:
    """A 429 with Retry-After waits exactly that long, then succeeds."""
    script(httpserver, Response("{}", 429, {"Retry-After": "7"}), good())
    assert http.get("/x").json() == {"ok": 1}
    assert waits == [7.0]


def test_retry_after_as_date() -> None:
    """An HTTP date counts from the vendor's own clock, not from ours; without that clock it says nothing."""
    wish = {"retry-after": "Sun, 22 Nov 2026 07:00:09 GMT"}
    assert retry_after({"date": "Sun, 22 Nov 2026 07:00:00 GMT", **wish}) == 9.0
    assert retry_after(wish) is None


def test_absurd_retry_after_ends_resumable(http: Http, httpserver: HTTPServer, waits: list[float]) -> None:
    """A vendor that wants a day of silence gets it: the slice resumes on the next run."""
    seen = script(httpserver, Response("{}", 429, {"Retry-After": "86400"}))
    with pytest.raises(QuotaExhausted):
        http.get("/x")
    assert (len(seen), waits) == (1, [])


def test_burst_of_server_errors(http: Http, httpserver: HTTPServer, waits: list[float]) -> None:
    """Three 503 and then an answer is an answer."""
    script(httpserver, *[Response("oops", 503)] * 3, good())
    assert http.get("/x").ok
    assert len(waits) == 3


def test_attempts_are_bounded(http: Http, httpserver: HTTPServer) -> None:
    """A vendor that is down costs a bounded number of requests."""
    seen = script(httpserver, Response("oops", 500))
    with pytest.raises(TryAgain):
        http.get("/x")
    assert len(seen) == Policy().attempts


@pytest.mark.parametrize("body", [b'{"data": [1, 2', b"<html>Sign in</html>", b"", b'{"a": NaN}', b'{"a":1}{"b":2}',
                                  b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b'{"a": Infinity}'])
def test_not_json_is_retried_then_refused(http: Http, httpserver: HTTPServer, body: bytes) -> None:
    """Status 200 does not make HTML, cut JSON or NaN an answer: tried again, then refused, never zero rows."""
    seen = script(httpserver, Response(body, content_type="application/json"))
    with pytest.raises(BrokenAnswer):
        http.get("/x")
    assert len(seen) == Policy().attempts


def test_cut_body_is_retried(http: Http, httpserver: HTTPServer) -> None:
    """A body shorter than promised is never parsed as complete."""
    cut = Response('{"ok": 0}')
    cut.automatically_set_content_length = False
    cut.headers["Content-Length"] = "5000"
    script(httpserver, cut, good())
    assert http.get("/x").json() == {"ok": 1}


def test_bad_gzip_is_retried(http: Http, httpserver: HTTPServer) -> None:
    """Garbage under Content-Encoding gzip is a broken answer."""
    script(httpserver, Response(b"garbage", headers={"Content-Encoding": "gzip"}), good())
    assert http.get("/x").ok


def test_gzip_bomb_is_refused(httpserver: HTTPServer) -> None:
    """The byte cap counts decompressed bytes."""
    bomb = Response(gzip.compress(b" " * 3_000_000), headers={"Content-Encoding": "gzip"})
    script(httpserver, bomb)
    client = Http(httpserver.url_for(""), limits=Limits(1, 1000), policy=Policy(max_bytes=1_000_000))
    with pytest.raises(DataError, match="more than 1000000 bytes"):
        client.get("/x")


def test_dripping_server_hits_the_deadline(httpserver: HTTPServer) -> None:
    """A body that never ends is cut off by the total deadline, not only by the pause between bytes."""

    def drip() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b" " * 70_000

    script(httpserver, Response(drip()))
    policy = Policy(attempts=1, deadline=0.05, max_bytes=2**40)
    with pytest.raises(TryAgain, match="did not end"):
        Http(httpserver.url_for(""), limits=Limits(1, 1000), policy=policy).get("/x")


def test_token_is_refreshed_once_and_the_request_repeated(httpserver: HTTPServer) -> None:
    """A 401 refreshes the token and repeats that request with the new one."""
    tokens = ["old"]
    seen = script(httpserver, Response("{}", 401), good())
    client = Http(httpserver.url_for(""), limits=Limits(1, 1000), refresh=lambda: tokens.append("new"),
                  headers=lambda: {"Authorization": f"Bearer {tokens[-1]}"})
    assert client.get("/x").ok
    assert [request.headers["Authorization"] for request in seen] == ["Bearer old", "Bearer new"]


def test_a_dead_token_is_not_hammered(httpserver: HTTPServer) -> None:
    """Two 401 in a row are a person's job."""
    seen = script(httpserver, Response("{}", 401))
    client = Http(httpserver.url_for(""), limits=Limits(1, 1000), refresh=lambda: None)
    with pytest.raises(TokenExpired):
        client.get("/x")
    assert len(seen) == 2


def test_redirects_are_not_followed(httpserver: HTTPServer, waits: list[float]) -> None:
    """A redirect to another host is refused; the token never gets there."""
    hits: list[Request] = []
    with HTTPServer() as other:
        other.expect_request("/steal").respond_with_handler(lambda r: hits.append(r) or good())
        script(httpserver, Response("", 302, {"Location": other.url_for("/steal")}))
        client = Http(httpserver.url_for(""), limits=Limits(1, 1000), headers=lambda: {"Authorization": "Bearer x"},
                      sleep=waits.append)
        with pytest.raises(BrokenAnswer, match="redirect"):
            client.get("/x")
    assert hits == []


@pytest.mark.parametrize("address", ["https://evil.example/x", "//evil.example/x", "x", "/\\evil", "/a?u=http://b"])
def test_only_paths_are_requested(http: Http, address: str) -> None:
    """No address of the vendor's making leaves the configured origin."""
    with pytest.raises(DataError):
        http.get(address)


@pytest.mark.parametrize("base", ["http://ads.example.com", "https://user:pw@host", "ftp://host", "https://h/?a=1", ""])
def test_base_addresses(base: str) -> None:
    """Plain http is for loopback only; a base address holds no credentials and no query."""
    with pytest.raises(ConfigError):
        origin(base)


def test_an_error_inside_a_200_is_found(httpserver: HTTPServer, waits: list[float]) -> None:
    """The connector's classify sees every answer, also those with status 200."""

    def classify(answer: Answer) -> CrosscheckError | None:
        return TryAgain("code in body") if answer.json().get("code") else by_status(answer)

    script(httpserver, Response('{"code": 40100}'), good())
    client = Http(httpserver.url_for(""), limits=Limits(1, 1000), classify=classify, sleep=waits.append)
    assert client.get("/x").json() == {"ok": 1}


def test_html_error_pages_fall_back_on_the_status(httpserver: HTTPServer) -> None:
    """A 403 page in HTML is still a refusal, although classify cannot read it."""

    def classify(answer: Answer) -> CrosscheckError | None:
        assert answer.json()
        return None

    script(httpserver, Response("<html>", 403))
    with pytest.raises(AccountRefused):
        Http(httpserver.url_for(""), limits=Limits(1, 1000), classify=classify).get("/x")


def test_errors_hold_no_query_and_no_token(waits: list[float]) -> None:
    """A failed connection says what, never the address with its parameters."""
    client = Http("http://127.0.0.1:9", limits=Limits(1, 1000), sleep=waits.append,
                  headers=lambda: {"Authorization": "Bearer s3cret-token"})
    with pytest.raises(TryAgain) as caught:
        client.get("/x", {"email": "an@example.vn"})
    assert "s3cret" not in str(caught.value)
    assert "example" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ConfigError), (404, ConfigError), (408, TryAgain), (301, BrokenAnswer)])
def test_status_alone(status: int, kind: type[CrosscheckError]) -> None:
    """Every status has a class that says what to do next."""
    assert isinstance(by_status(Answer(status, {}, b"")), kind)


def test_concurrency_is_bounded() -> None:
    """No more calls are under way than the credential allows."""
    throttle, inside, most = Throttle(Limits(2, 1000)), [0], [0]
    both = threading.Barrier(2, timeout=5)

    def work() -> None:
        with throttle.slot():
            inside[0] += 1
            both.wait()
            most[0] = max(most[0], inside[0])
            both.wait()
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_rate_is_bounded() -> None:
    """Beyond the rate a call waits through the sleeper."""
    waits: list[float] = []
    throttle = Throttle(Limits(1, 5), lambda seconds: (waits.append(seconds), time.sleep(seconds))[0])
    for _ in range(6):
        with throttle.slot():
            pass
    assert waits


def test_a_source_that_is_down_is_not_hammered(http: Http, httpserver: HTTPServer) -> None:
    """After three exhausted requests each further one gets a single attempt; the first success ends that."""
    answers = [Response("oops", 500)] * (3 * Policy().attempts + 1) + [good(), *[Response("oops", 500)] * 2, good()]
    seen = script(httpserver, *answers)
    for _ in range(4):
        with pytest.raises(TryAgain):
            http.get("/x")
    assert len(seen) == 3 * Policy().attempts + 1
    assert http.get("/x").ok
    assert http.get("/x").ok


def test_every_failure_of_the_library_is_mapped() -> None:
    """No exception of httpx leaves a request: each is one that is caught, or of redirects, which are not followed."""
    kinds = {each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, httpx.RequestError)}
    mapped = (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects)
    assert kinds - {httpx.RequestError} == {kind for kind in kinds if issubclass(kind, mapped)}
