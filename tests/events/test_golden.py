"""What any released cora recorded is read, and comes to the same document."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from tests.events.golden import Stream, generations

from cora.equipment.views import AGGREGATES
from cora.kernel.aggregate import Aggregate, Fact

GENERATIONS = generations()
STREAMS = [
    pytest.param(aggregate, stream, id=f"{generation}-{aggregate.kind}-{number}")
    for generation, kinds in GENERATIONS.items()
    for aggregate in AGGREGATES
    for number, stream in enumerate(kinds.get(aggregate.kind, []))
]


@pytest.mark.parametrize(("aggregate", "stream"), STREAMS)
def test_what_was_recorded_comes_to_the_same_document(aggregate: Aggregate[Any], stream: Stream) -> None:
    state = None
    for event in stream["events"]:
        decoded = aggregate.decode_event(event["kind"], json.dumps(event["data"]))
        fact = Fact(UUID(stream["id"]), datetime.fromisoformat(event["occurred_at"]))
        state = aggregate.evolve(state, decoded, fact)
    document = json.loads(aggregate.encode_state(state))
    # A later cora may keep more; what was in the document is in it still.
    assert _within(document, stream["document"]) == stream["document"]
    assert aggregate.decode_state(json.dumps(stream["document"])) is not None


def _within(document: Any, known: Any) -> Any:
    """A document without what was not known of it."""
    if isinstance(known, dict) and isinstance(document, dict):
        names: dict[str, Any] = known
        return {name: _within(document[name], value) for name, value in names.items()}
    if isinstance(known, list) and isinstance(document, list) and len(known) == len(document):
        return [_within(*pair) for pair in zip(document, known, strict=True)]
    return document


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.kind)
def test_every_event_that_is_recorded_now_has_been_kept(aggregate: Aggregate[Any]) -> None:
    kept = {
        (event["kind"], event["schema_version"])
        for kinds in GENERATIONS.values()
        for stream in kinds.get(aggregate.kind, [])
        for event in stream["events"]
    }
    assert {(event.__name__, event.schema_version) for event in aggregate.events} <= kept
