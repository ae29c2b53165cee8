"""A facility that tests bring into the state they need, a command at a time over HTTP."""

from itertools import count
from typing import Any
from uuid import UUID, uuid5

from tests.integration.surfaces import Surfaces

UNKNOWN = str(UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000))
"""An id that no record has."""
POSITIONER = str(uuid5(uuid5(UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "cora.role"), "positioner"))
"""One of the roles that every database has."""


class World:
    """Makes records and gives their ids; what a test does not care about gets a name of its own."""

    def __init__(self, surfaces: Surfaces) -> None:
        self.surfaces = surfaces
        self._numbers = count(1)
        self._facility: str | None = None
        self._family: str | None = None
        self._frame: str | None = None

    def name(self, what: str = "Thing") -> str:
        """A name that nothing has yet."""
        return f"{what} {next(self._numbers)}"

    async def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a command, which must not be refused."""
        response = await self.surfaces.http(command, arguments)
        assert response.is_success, f"{command} {arguments}: {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    async def make(self, command: str, **arguments: Any) -> str:
        """The id of the record that a command made."""
        return str((await self.do(command, **arguments))["id"])

    async def make_at(self, moment: str, command: str, /, **arguments: Any) -> str:
        """The id of the record that a command made at a time in the past."""
        return str((await self.do_at(moment, command, **arguments))["id"])

    async def do_at(self, moment: str, command: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer to a command about a time in the past, which must not be refused."""
        response = await self.surfaces.http(command, arguments, headers={"Occurred-At": moment})
        assert response.is_success, f"{command} {arguments}: {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    async def facility(self) -> str:
        """The code of the facility where everything stands."""
        if self._facility is None:
            self._facility = "hall-7"
            await self.make("register_facility", code=self._facility, name="Hall 7")
        return self._facility

    async def family(self, **given: Any) -> str:
        return await self.make("define_family", **{"name": self.name("Family"), **given})

    async def deprecated_family(self, **given: Any) -> str:
        family = await self.family(**given)
        await self.do("deprecate_family", family_id=family, reason="superseded")
        return family

    async def any_family(self) -> str:
        """A family that all tests share."""
        self._family = self._family or await self.family()
        return self._family

    async def role(self, **given: Any) -> str:
        return await self.make("define_role", **{"name": self.name("Role"), "docstring": "Does things.", **given})

    async def model_content(self, *families: str, **given: Any) -> dict[str, Any]:
        """What is said of a model, of the shared family if no other is given."""
        declared = list(families) or [await self.any_family()]
        fresh = {"name": self.name("Model"), "part_number": self.name("P"), "manufacturer": {"name": "Maker"}}
        return {**fresh, "declared_family_ids": declared, **given}

    async def model(self, *families: str, **given: Any) -> str:
        return await self.make("define_model", **await self.model_content(*families, **given))

    async def deprecated_model(self, *families: str, **given: Any) -> str:
        model = await self.model(*families, **given)
        await self.do("deprecate_model", model_id=model, reason="no longer sold")
        return model

    async def asset(self, **given: Any) -> str:
        """A root, unless it is given a parent; commissioned."""
        anchor = {} if "parent_id" in given else {"facility_code": await self.facility()}
        return await self.make("register_asset", **{"name": self.name("Asset"), "tier": "Device", **anchor, **given})

    async def asset_at(self, moment: str) -> str:
        """An asset that was registered at a time in the past."""
        code = f"old-{next(self._numbers)}"
        await self.make_at(moment, "register_facility", code=code, name="Old")
        return await self.make_at(moment, "register_asset", name="Old", tier="Device", facility_code=code)

    async def active(self, **given: Any) -> str:
        asset = await self.asset(**given)
        await self.do("activate_asset", asset_id=asset)
        return asset

    async def dead(self, **given: Any) -> str:
        """An asset that is decommissioned."""
        asset = await self.asset(**given)
        await self.do("decommission_asset", asset_id=asset, reason="worn out")
        return asset

    async def frame(self, **given: Any) -> str:
        return await self.make("register_frame", **{"name": self.name("Frame"), **given})

    async def gone_frame(self, **given: Any) -> str:
        """A frame that is decommissioned."""
        frame = await self.frame(**given)
        await self.do("decommission_frame", frame_id=frame, reason="torn down")
        return frame

    async def placement(self, **given: Any) -> dict[str, Any]:
        """A placement in a frame that all tests share."""
        self._frame = self._frame or await self.frame()
        return {"parent_frame_id": self._frame, **given}

    async def mount(self, **given: Any) -> str:
        fresh = {"slot_code": self.name("S"), "placement": await self.placement()}
        return await self.make("register_mount", **{**fresh, **given})

    async def gone_mount(self, **given: Any) -> str:
        """A mount that is decommissioned."""
        mount = await self.mount(**given)
        await self.do("decommission_mount", mount_id=mount, reason="torn down")
        return mount

    async def mount_at(self, moment: str) -> str:
        """A mount that was registered at a time in the past."""
        frame = await self.make_at(moment, "register_frame", name=self.name("Frame"))
        placement = {"parent_frame_id": frame}
        return await self.make_at(moment, "register_mount", slot_code=self.name("S"), placement=placement)

    async def install(self, asset: str) -> str:
        """The id of a new mount that holds the asset."""
        mount = await self.mount()
        await self.do("install_asset", mount_id=mount, asset_id=asset)
        return mount

    async def installed(self, **given: Any) -> str:
        """An asset of the shared family (if no other is given) that is active and in a mount."""
        asset = await self.active(**{"family_ids": [await self.any_family()], **given})
        await self.install(asset)
        return asset

    async def assembly_content(self, **given: Any) -> dict[str, Any]:
        """A structure with one slot `eye` for an asset of the shared family, if nothing else is given."""
        family = await self.any_family()
        slots = [{"slot_name": "eye", "required_family_ids": [family]}]
        return {"name": self.name("Assembly"), "presents_as_family_id": family, "required_slots": slots, **given}

    async def assembly(self, **given: Any) -> str:
        return await self.make("define_assembly", **await self.assembly_content(**given))

    async def deprecated_assembly(self, **given: Any) -> str:
        assembly = await self.assembly(**given)
        await self.do("deprecate_assembly", assembly_id=assembly, reason="rebuilt")
        return assembly

    async def fixture(self, *assets: str, **given: Any) -> str:
        """A fixture with one asset in its one slot, installed but not attached."""
        bound = assets or (await self.installed(),)
        fresh = {"name": self.name("Fixture"), "assembly_id": await self.assembly(), "slot_asset_bindings": eye(*bound)}
        return await self.make("register_fixture", **{**fresh, **given})

    async def retired(self, *assets: str, **given: Any) -> str:
        """A fixture that is retired."""
        fixture = await self.fixture(*assets, **given)
        await self.do("retire_fixture", fixture_id=fixture, reason="rebuilt")
        return fixture

    async def attached(self, **given: Any) -> tuple[str, str]:
        """An asset that is attached to a fixture, and the fixture."""
        asset = await self.installed(**given)
        fixture = await self.fixture(asset)
        await self.do("attach_asset_to_fixture", asset_id=asset, fixture_id=fixture)
        return asset, fixture

    async def made_by(self, **given: Any) -> str:
        """An asset whose PIDINST record is complete: it has a model, and its facility is the owner."""
        return await self.asset(**{"model_id": await self.model(), **given})

    async def citable(self) -> str:
        """A fixture whose PIDINST record is complete."""
        return await self.fixture(await self.installed(model_id=await self.model()))

    async def in_slots(self, *names: str, **given: Any) -> str:
        """An assembly with such slots for assets of the shared family."""
        family = await self.any_family()
        slots = [{"slot_name": name, "required_family_ids": [family]} for name in names]
        return await self.assembly(required_slots=slots, **given)


def eye(*assets: str) -> list[dict[str, str]]:
    """Bindings that put assets into the slot `eye`."""
    return [{"slot_name": "eye", "asset_id": asset} for asset in assets]
