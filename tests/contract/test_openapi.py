"""The API stays what clients were told: a change of its description is meant, or it is a mistake."""

import json
from typing import Any

from tests.contract.json_parts import parts
from tests.contract.write_openapi import CHECKED_IN, described


def _differences(one: Any, other: Any, place: str = "") -> list[str]:
    if type(one) is not type(other) or not isinstance(one, dict | list):
        return [] if one == other else [f"{place}: {one!r:.80} is now {other!r:.80}"]
    before, after = parts(one), parts(other)
    found: list[str] = []
    for key in [*before, *(key for key in after if key not in before)]:
        below = f"{place}/{key}"
        if key not in after:
            found.append(f"{below} is gone")
        elif key not in before:
            found.append(f"{below} is new")
        else:
            found += _differences(before[key], after[key], below)
    return found


def test_the_description_is_the_one_checked_in() -> None:
    kept = json.loads(CHECKED_IN.read_text(encoding="utf-8"))
    differences = _differences(kept, described())
    assert not differences, (
        f"{len(differences)} differences; if they are meant, run: .venv/bin/python -m tests.contract.write_openapi\n"
        + "\n".join(differences[:20])
    )


def test_a_difference_is_seen() -> None:
    kept = described()
    changed = json.loads(json.dumps(kept))
    changed["paths"]["/assets"]["post"]["responses"].pop("409")
    changed["info"]["title"] = "other"
    assert _differences(kept, changed) == [
        "/info/title: 'cora' is now 'other'",
        "/paths//assets/post/responses/409 is gone",
    ]
