"""How the events of a fixture become its state."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    AFTERWARDS,
    ASSEMBLY_ID,
    ASSET_ID,
    FIXTURE_ID,
    LATER,
    NOW,
    a_fixture,
    folds,
    ids,
    names,
    settings_objects,
)

from cora.equipment.aggregates.fixture import (
    FIXTURE,
    Fixture,
    FixturePersistentIdAssigned,
    FixtureRegistered,
    FixtureRetired,
    MalformedFixturePersistentIdentifierError,
)
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.values import IdentifierScheme, SlotAssetBinding
from cora.kernel.aggregate import Fact, former

ASSIGNED = FixturePersistentIdAssigned("Handle", "21.11157/abc", IdentifierOrigin.RECORDED)
bindings = st.lists(st.builds(SlotAssetBinding, st.sampled_from(["rotation", "camera"]), ids), max_size=3).map(
    lambda drawn: tuple(drawn)
)


@given(names, bindings, st.none() | st.just("at 2-BM"), settings_objects)
def test_a_fixture_is_what_was_registered(
    name: str, bound: tuple[SlotAssetBinding, ...], description: str | None, overrides: dict[str, Any]
) -> None:
    event = FixtureRegistered(name, ASSEMBLY_ID, "f" * 64, bound, description, overrides)
    fixture = folds(FIXTURE, None, [event], Fact(FIXTURE_ID, NOW))
    assert fixture == Fixture(FIXTURE_ID, name, ASSEMBLY_ID, "f" * 64, bound, NOW, description, overrides)
    assert fixture.bound_asset_ids == {binding.asset_id for binding in bound}
    assert not fixture.is_retired


def test_a_fixture_begins_with_its_registration() -> None:
    with pytest.raises(TypeError):
        FIXTURE.evolve(None, ASSIGNED, AFTERWARDS)


def test_an_identifier_is_assigned_with_its_origin() -> None:
    after = folds(FIXTURE, a_fixture(), [ASSIGNED])
    wanted = AssignedIdentifier(IdentifierScheme.HANDLE, "21.11157/abc", IdentifierOrigin.RECORDED, test=False)
    assert after == a_fixture(persistent_id=wanted)
    assert "'= 21 11157 abc '" in FIXTURE.search_text(after)


def test_a_second_identifier_is_the_mark_of_a_corrupted_log() -> None:
    once = FIXTURE.evolve(a_fixture(), ASSIGNED, AFTERWARDS)
    for again in (ASSIGNED, replace(ASSIGNED, value="21.11157/other")):
        with pytest.raises(MalformedFixturePersistentIdentifierError):
            FIXTURE.evolve(once, again, AFTERWARDS)


@pytest.mark.parametrize(("scheme", "value"), [("DOI", "21.11157/abc"), ("Handle", ""), ("ARK", "12148/x"), ("", "")])
def test_an_identifier_that_does_not_parse_is_the_mark_of_a_corrupted_log(scheme: str, value: str) -> None:
    with pytest.raises(MalformedFixturePersistentIdentifierError):
        FIXTURE.evolve(a_fixture(), replace(ASSIGNED, scheme=scheme, value=value), AFTERWARDS)


def test_it_is_retired_when_that_occurred() -> None:
    assert folds(FIXTURE, a_fixture(), [FixtureRetired("rebuilt", (ASSET_ID,))]) == a_fixture(retired_at=LATER)


def test_a_retired_fixture_claims_nothing_and_points_at_what_it_was_built_from() -> None:
    assert [*FIXTURE.references(a_fixture()), *FIXTURE.claims(a_fixture())]
    retired = a_fixture(retired_at=LATER)
    assert list(FIXTURE.references(retired)) == list(former(FIXTURE.references(a_fixture())))
    assert not list(FIXTURE.claims(retired))


def test_filters_and_sorts_lead_into_the_state() -> None:
    state = {field.name for field in fields(Fixture)}
    assert {each.path[0] for each in FIXTURE.filters.values()} | {path[0] for path in FIXTURE.sorts.values()} <= state
