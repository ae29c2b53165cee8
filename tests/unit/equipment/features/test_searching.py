"""A search refuses what cannot be searched for before anything is looked up, and shows no record that is not there."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from tests.unit.equipment.world import World

from cora.equipment.features.search import Search, search
from cora.equipment.views import AGGREGATES
from cora.kernel.errors import InvalidRequestError
from cora.kernel.reader import Reader
from cora.kernel.search import AskedSearch, FoundPage, Match, Part, Ranked

UNASKED: Any = None


class Context:
    """A context that has every kind of record."""

    aggregates = AGGREGATES


WIRED: Any = Context()


class Found:
    """Words that find the same records whatever is asked."""

    def __init__(self, *items: Ranked) -> None:
        self.items = items
        self.asked: list[AskedSearch] = []

    async def search(self, asked: AskedSearch) -> FoundPage:
        self.asked.append(asked)
        return FoundPage(self.items, None, len(self.items), complete=True)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"q": "-- '!"}, ["/q"]),
        ({"q": " ".join(f"w{n}" for n in range(21))}, ["/q"]),
        ({"q": "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u"}, ["/q"]),
        ({"q": "?", "kind": ("asset", "gadget", "thing")}, ["/q", "/kind", "/kind"]),
    ],
)
async def test_what_cannot_be_searched_for(query: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await search(Search(**query), UNASKED, UNASKED, WIRED)
    assert [each.pointer for each in refused.value.errors] == places
    assert all(each.detail for each in refused.value.errors)


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "a" * 501}, {"q": "a", "limit": 0}, {"q": "a", "limit": 201}])
def test_what_is_no_search(query: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Search(**query)


async def test_what_is_asked_of_the_index() -> None:
    found = Found()
    query = Search(q='rot "stage 7"', kind=("model", "asset", "model"), limit=3, cursor="c")
    answer = await search(query, found, UNASKED_READER, WIRED)
    assert (answer.items, answer.count, answer.complete) == ((), 0, True)
    parts = (Part(("rot",)), Part(("stage", "7"), whole=True))
    assert found.asked == [AskedSearch(parts, 3, ("asset", "model"), "c")]


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("https://doi.org/10.5281/zen", "10 5281 zen"),
        ('"http://dx.doi.org/10.5281/zen"', "10 5281 zen "),
        ("HDL: 21.1/a", "21 1 a"),
        ("https://doi.org/", "https doi org"),
        ("hidoi:10", "hidoi 10"),
    ],
)
async def test_a_doi_or_handle_is_sought_without_its_resolver(q: str, words: str) -> None:
    found = Found()
    await search(Search(q=q), found, UNASKED_READER, WIRED)
    assert found.asked[0].joined.needle == words


async def test_a_record_is_shown_as_people_know_it_and_one_that_is_not_there_yet_is_left_out() -> None:
    world = World()
    asset, unknown = await world.asset(), UUID(int=9)
    fixture = await world.fixture_of(asset)
    found = Found(Ranked("asset", asset, 80), Ranked("asset", unknown, 70), Ranked("fixture", fixture, 50))
    answer = await search(Search(q="stage"), found, Reader(world.log), WIRED)
    shown = [(item.kind, item.id, item.status, item.path, item.rank) for item in answer.items]
    assert shown == [
        ("asset", asset, "Commissioned", f"aps/Stage {asset}", 80),
        ("fixture", fixture, "Registered", None, 50),
    ]
    assert answer.items[0].matched == (Match("name", f"Stage {asset}"),)
    assert answer.count == 3


def test_a_search_has_no_past() -> None:
    assert search.__slice__.has_past is False  # type: ignore[attr-defined]


UNASKED_READER = Reader(World().log)
