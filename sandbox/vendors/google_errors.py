"""Google's error bodies."""

from __future__ import annotations

from typing import Any

from sandbox.wire import Refused, Reply

VERSION = "v26"
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
_MESSAGE = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
         "authentication credential.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


def plain(status: int) -> Reply:
    """An error from Google's front end, without details of Google Ads."""
    return Reply(status, {"error": {"code": status, "message": _MESSAGE.get(status, _MESSAGE[503]), "status":
                                    _STATUS.get(status, "UNAVAILABLE")}})


def failure(status: int, family: str, name: str, message: str, **extra: Any) -> Reply:
    """An error with a GoogleAdsFailure; `extra` joins its only entry."""
    entry = {"errorCode": {family: name}, "message": message} | extra
    detail = {"@type": f"type.googleapis.com/google.ads.googleads.{VERSION}.errors.GoogleAdsFailure",
              "errors": [entry], "requestId": "SandboxRequestId000000"}
    error = {"code": status, "message": _MESSAGE[status], "status": _STATUS[status], "details": [detail]}
    return Reply(status, {"error": error})


def refuse(reply: Reply) -> Refused:
    """The reply as an exception to raise."""
    return Refused(reply.status, reply.body, reply.headers)


def bad_query(name: str, message: str) -> Refused:
    """A queryError to raise."""
    return refuse(failure(400, "queryError", name, message))


def bad_request(name: str, message: str) -> Refused:
    """A requestError to raise."""
    return refuse(failure(400, "requestError", name, message))


def denied(name: str, message: str) -> Refused:
    """An authorizationError to raise."""
    return refuse(failure(403, "authorizationError", name, message))
