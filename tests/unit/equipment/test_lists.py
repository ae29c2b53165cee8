"""Lists of a command have an end, which its schema says, and what they name is looked up together."""

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest
from tests.unit.equipment.world import World
from tests.unit.memory_log import CountingSource

from cora.equipment import features
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.features import define_assembly, define_model, register_asset, update_asset_settings
from cora.kernel.errors import InvalidRequestError
from cora.kernel.identity import new_id
from cora.kernel.reader import Reader
from cora.kernel.requests import to_request
from cora.kernel.slice import declared_slices

Schema = dict[str, Any]


def _arrays(schema: Schema, definitions: Schema) -> Iterator[Schema]:
    """Every list that a request can hold. What is behind free JSON is bounded by the size of the request."""
    if "$ref" in schema:
        yield from _arrays(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if schema.get("type") == "array":
        yield schema
        yield from _arrays(schema["items"], definitions)
    for below in (*schema.get("anyOf", ()), *schema.get("properties", {}).values()):
        yield from _arrays(cast("Schema", below), definitions)


@pytest.mark.parametrize("declared", tuple(declared_slices(features)), ids=lambda declared: declared.name)
def test_every_list_of_a_command_has_an_end(declared: Any) -> None:
    schema = declared.request.model_json_schema()
    for array in _arrays(schema, schema.get("$defs", {})):
        assert array["maxItems"] <= 2000


def test_a_list_that_is_too_long_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        to_request(
            register_asset.RegisterAsset,
            {"name": "Rotary", "tier": "Device", "facility_code": "aps", "family_ids": [str(new_id())] * 201},
        )
    assert [each.pointer for each in refused.value.errors] == ["/family_ids"]


def _ids(count: int) -> list[UUID]:
    return [new_id() for _ in range(count)]


async def test_what_a_list_names_is_looked_up_together() -> None:
    world = World()
    asset = await world.asset()
    families = [str(id) for id in _ids(15)]
    model = {"name": "A", "manufacturer": {"name": "B"}, "part_number": "C", "declared_family_ids": families}
    slots = [{"slot_name": f"s{n}", "required_family_ids": families[n:]} for n in range(10)]
    assembly = {"name": "A", "presents_as_family_id": families[0], "required_slots": slots}
    source = CountingSource(world.log.tables)
    await define_model.load_context(to_request(define_model.DefineModel, model), Reader(source))
    await define_assembly.load_context(to_request(define_assembly.DefineAssembly, assembly), Reader(source))
    state = await Reader(source).require(ASSET, asset)
    before = source.looks
    patch = to_request(update_asset_settings.UpdateAssetSettings, {"asset_id": str(asset), "patch": {}})
    await update_asset_settings.load_context(patch, state, Reader(source))
    assert (before, source.looks) == (3, 4)
