"""Streams of events as a generation of cora wrote them, with the document that came of each.

What was once recorded is read for ever: a released file is never edited. When an event takes another shape, streams of
the new generation are written beside the old ones:

.venv/bin/python -m tests.events.golden 2
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import Phase
from tests.model.server import AGGREGATE_OF, Server, serving

from cora.log.embedded import embedded_postgres
from cora.log.migrate import migrate

FOLDER = Path(__file__).parent
STORIES = 80

Stream = dict[str, Any]


def generations() -> dict[int, dict[str, list[Stream]]]:
    """The streams of each generation by the kind of their record."""
    found: dict[int, dict[str, list[Stream]]] = defaultdict(dict)
    for path in sorted(FOLDER.glob("*/*.json")):
        found[int(path.parent.name)][path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return dict(found)


def covering(streams: list[Stream]) -> list[Stream]:
    """A few of the streams that hold every kind of event, and every field of one that was ever filled."""

    def parts(stream: Stream) -> set[tuple[str, str]]:
        return {
            (event["kind"], name)
            for event in stream["events"]
            for name, value in [("", None), *event["data"].items()]
            if name == "" or value not in (None, [], {})
        }

    left = set[tuple[str, str]]().union(*map(parts, streams))
    chosen: list[Stream] = []
    while left:
        best = max(streams, key=lambda stream: (len(parts(stream) & left), -len(stream["events"])))
        chosen.append(best)
        left -= parts(best)
    return chosen


def told(server: Server) -> dict[str, list[Stream]]:
    """The streams of random stories by kind."""
    from tests.model.test_model import tell

    for story in range(STORIES):
        tell(server, story, phases=(Phase.generate,))
    streams: dict[str, Stream] = {}
    for row in server.rows("select id, kind, body::text as body from document order by id"):
        streams[str(row["id"])] = {"id": str(row["id"]), "kind": row["kind"], "document": json.loads(row["body"])}
    for row in server.rows("select stream, kind, schema_version, occurred_at, data::text as data from event "
                           "order by stream, version"):  # fmt: skip
        streams[str(row["stream"])].setdefault("events", []).append(
            {
                "kind": row["kind"],
                "schema_version": row["schema_version"],
                "occurred_at": row["occurred_at"].isoformat(),
                "data": json.loads(row["data"]),
            }
        )
    by_kind: dict[str, list[Stream]] = defaultdict(list)
    for stream in streams.values():
        by_kind[stream.pop("kind")].append(stream)
    return by_kind


def write(generation: int) -> None:
    """Write the streams of a new generation. Raises `FileExistsError` when it is there."""
    folder = FOLDER / str(generation)
    folder.mkdir()
    with tempfile.TemporaryDirectory() as directory, embedded_postgres(Path(directory)) as postgres:
        dsn = postgres.dsn("postgres")
        migrate(dsn)
        with serving(dsn, Path(directory)) as server:
            streams = told(server)
    for kind in AGGREGATE_OF:
        text = json.dumps(covering(streams[kind]), indent=1, ensure_ascii=False, sort_keys=True)
        (folder / f"{kind}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(int(sys.argv[1]))
