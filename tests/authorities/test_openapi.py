"""The check of requests to DataCite finds what its API description does not know."""

import json
from typing import Any

import pytest
from tests.authorities.loopback import Asked
from tests.authorities.openapi import complaints

JSON = {"content-type": "application/json"}


def put(attributes: dict[str, Any], **data: Any) -> Asked:
    body = json.dumps({"data": {"type": "dois", "attributes": attributes, **data}}).encode()
    return Asked("PUT", "/dois/10.1234/x", JSON, body)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked("GET", "/dois/10.1234/x", {}, b""), ""),
        (Asked("GET", "/dois?page%5Bsize%5D=10&prefix=10.1234", {}, b""), ""),
        (put({"event": "publish", "url": "https://x", "titles": [{"title": "X"}]}), ""),
        (Asked("GET", "/handles/x", {}, b""), "/handles/x is not described"),
        (Asked("POST", "/dois/10.1234/x", JSON, b"{}"), "POST /dois/{id} is not described"),
        (Asked("GET", "/dois?size=10", {}, b""), "the parameter size is not described"),
        (Asked("GET", "/dois?page%5Bsize%5D=ten", {}, b""), "the parameter page[size] is not an integer"),
        (Asked("PUT", "/dois/10.1234/x", {"content-type": "text/plain"}, b""), "the content type text/plain"),
        (put({"event": "show"}), "is not one of"),
        (put({"publicationYear": "2026"}), "is not of type"),
        (put({"types": {"resourceTypeGeneral": "Machine"}}), "is not one of"),
        (put({"state": "findable"}), "state is read-only"),
        (put({"registered": "2026"}), "registered is read-only"),
        (put({}, id="10.1234/x"), "$.data.id is read-only"),
        (put({"creators": [{"nom": "X"}]}), "nom is not described"),
        (put({"title": "X"}), "title is not described"),
    ],
)
def test_a_request_is_one_that_is_described(asked: Asked, says: str) -> None:
    found = "; ".join(complaints(asked))
    assert says in found
    assert bool(found) == bool(says)
