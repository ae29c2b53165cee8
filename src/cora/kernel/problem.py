"""A refusal as the object that clients get: problem details (RFC 9457), the same on every surface."""

from typing import Any

from pydantic_core import to_jsonable_python

from cora.kernel.errors import PROBLEM_TYPE, Refusal

STANDARD_MEMBERS = ("type", "title", "status", "detail", "code", "request_id")
PLACE = "pointer"
"""The member that says which command of a batch is refused, when that refuses the whole."""

INTERNAL_CODE = "InternalServerError"
INTERNAL_TITLE = "The server has met a fault of its own."


def problem(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """The object for a refusal: the standard members, its place in the request if it has one, then its own."""
    code = refusal.code()
    place = {} if refusal.place is None else {PLACE: refusal.place}
    return {
        "type": PROBLEM_TYPE + code,
        "title": refusal.title(),
        "status": refusal.status,
        "detail": refusal.detail(),
        "code": code,
        "request_id": request_id,
        **place,
        **to_jsonable_python(refusal.members()),
    }


def internal_problem(request_id: str) -> dict[str, Any]:
    """The object for a fault of the server: it says nothing but where to look."""
    return {
        "type": PROBLEM_TYPE + INTERNAL_CODE,
        "title": INTERNAL_TITLE,
        "status": 500,
        "detail": f"The log of the server has the details under request {request_id}.",
        "code": INTERNAL_CODE,
        "request_id": request_id,
    }
