"""A facility in memory, files written as text, and what planning and applying them says."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from tests.unit.memory_log import MemoryContacts, MemoryEvents, MemoryLeases, MemoryLog, MemoryTellings

from cora.equipment.features.define_role import SEEDED_ROLES, define_role
from cora.equipment.wire import Deps, wire_equipment
from cora.facility_file import DirectFacility, Facility, Plan, RemoteFacility, Result, apply_plan, make_plan, read_files
from cora.kernel.events import Events
from cora.kernel.execute import Call, Kernel
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.surfaces.http.app import create_app

EXAMPLE = Path(__file__).parents[3] / "examples" / "aps-2bm.yaml"

BASE = """\
cora: 1
occurred_at: 2016-05-01
reason: as surveyed
facilities:
  - {code: aps, name: Advanced Photon Source}
families:
  - name: RotaryStage
    affordances: [Rotatable, Homeable, Limitable]
    presents_as: [Positioner]
    settings_schema: {type: object, properties: {max_speed: {type: number, minimum: 0}, mode: {type: string}}}
  - name: Camera
    affordances: [Imageable]
  - name: Tower
models:
  - {key: abrs, name: ABRS-250, manufacturer: {name: Aerotech}, part_number: ABRS-250MP, families: [RotaryStage]}
frames:
  - name: Floor
  - {name: Hutch B, parent: Floor, placement: {z: 50500}}
mounts:
  - {slot_code: 02-BM-B, frame: Floor/Hutch B, placement: {y: 100}}
  - {slot_code: 02-BM-B-ROT, frame: Floor/Hutch B, placement: {y: 1400}, parent: 02-BM-B}
assets:
  - name: 2-BM
    facility: aps
    tier: Unit
    lifecycle: Active
    owners: [{name: Argonne, contact: office@aps.example}]
    children:
      - name: Drive
        tier: Device
      - name: Rotary
        tier: Device
        description: the axis
        model: abrs
        families: [RotaryStage]
        lifecycle: Active
        controller: aps/2-BM/Drive
        mount: 02-BM-B-ROT
        settings: {max_speed: 720, mode: slow}
        identifiers: [{kind: SerialNumber, value: 730792/1}]
        related_identifiers: [{relation: References, scheme: Handle, value: 20.5/paper, name: Paper}]
        subjects: [{name: optics, identifier: voc/1, scheme: Keywords}]
        ports: [{name: pso_out, direction: Output, signal_type: TTL}]
        drawing: {system: EDMS, number: 630C2125, revision: "02"}
assemblies:
  - name: SampleTower
    presents_as_family: Tower
    slots:
      rotation: {families: [RotaryStage]}
fixtures:
  - name: Tower at 2-BM
    assembly: SampleTower
    bindings: {rotation: aps/2-BM/Rotary}
    assign: {scheme: DOI, suffix: tower}
"""


class FakeTokens:
    """The token of a role is its name."""

    async def authenticate(self, bearer: str) -> Principal | None:
        try:
            return Principal(f"a {bearer}", Role.named(bearer))
        except ValueError:
            return None


@dataclass
class Hutch:
    """A facility on a log in memory, reached directly or over HTTP."""

    log: MemoryLog
    kernel: Kernel
    facility: Facility
    directory: Path

    def write(self, *texts: str) -> list[Path]:
        """The files of some texts."""
        paths = [
            self.directory / ("hutch.yaml" if not number else f"hutch{number}.yaml") for number in range(len(texts))
        ]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return paths

    async def plan(self, *texts: str) -> Plan:
        """The plan of files with these texts."""
        return await make_plan(read_files(self.write(*texts)), self.facility)

    async def problems(self, *texts: str) -> list[tuple[int, str]]:
        """Line and text of every problem of the plan."""
        return [(problem.place.order[1], problem.text) for problem in (await self.plan(*texts)).problems]

    async def steps(self, *texts: str) -> list[str]:
        """The commands of a plan that has no problems, in words."""
        plan = await self.plan(*texts)
        assert [str(problem) for problem in plan.problems] == []
        return [step.words for step in plan.steps]

    async def apply(self, *texts: str) -> Result:
        """Plan and apply; nothing may be wrong."""
        plan = await self.plan(*texts)
        assert [str(problem) for problem in plan.problems] == []
        result = await apply_plan(plan, self.facility)
        assert [str(failure) for failure in result.failures] == []
        assert result.is_complete, result.summary
        return result

    async def run(self, command: str, **arguments: Any) -> None:
        """Run a command as somebody else does meanwhile."""
        await self.run_at(None, command, **arguments)

    async def run_at(self, occurred_at: datetime | None, command: str, **arguments: Any) -> None:
        """Run a command that says what occurred at some time."""
        declared = self.facility.commands[command]
        call = Call(Principal("somebody", Role.ADMIN), "http", "meanwhile", occurred_at=occurred_at)
        await self.kernel.command(declared, declared.request.model_validate(arguments), call)

    def states(self, kind: str) -> list[dict[str, Any]]:
        """The state of every record of a kind."""
        return [json.loads(each.body) for each in self.log.tables.documents.values() if each.kind == kind]

    def state(self, kind: str, name: str) -> dict[str, Any]:
        """The state of a record by its name, code or slot code."""
        found = [
            each for each in self.states(kind) if name in (each.get("name"), each.get("slot_code"), each.get("code"))
        ]
        assert len(found) == 1
        return found[0]

    def id(self, kind: str, name: str) -> UUID:
        """The id of a record by its name, code or slot code."""
        return UUID(self.state(kind, name)["id"])


async def make_hutch(directory: Path, *, remote: bool = False) -> Hutch:
    """An empty facility with the roles that every database has."""
    log = MemoryLog()
    contacts = MemoryContacts(log)
    equipment = wire_equipment(Deps("https://cora.example", MemoryLeases(), contacts, MemoryTellings()))
    kernel = Kernel(log, equipment, clock=lambda: log.clock(), events=cast("Events", MemoryEvents(log)))
    principal = Principal("cli:tester", Role.ADMIN)
    declared: Any = define_role.__slice__  # type: ignore[attr-defined]
    for role in SEEDED_ROLES:
        await kernel.command(declared, role, Call(principal, "system", str(new_id())))
    facility: Facility = DirectFacility(kernel, log, contacts, equipment.slices, principal)
    if remote:
        app = create_app(kernel, log, FakeTokens(), equipment)
        facility = RemoteFacility("https://cora.example", "admin", equipment.slices, httpx.ASGITransport(app))
    return Hutch(log, kernel, facility, directory)


def changed(text: str, old: str, new: str) -> str:
    """A text with one part exchanged; the part must be there once."""
    assert text.count(old) == 1, (text.count(old), old)
    return text.replace(old, new)


def line_of(text: str, part: str) -> int:
    """The line on which a part stands, which must be there once."""
    assert text.count(part) == 1, (text.count(part), part)
    return text[: text.index(part)].count("\n") + 1
