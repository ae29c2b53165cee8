"""Plans the model, the drawing and the controller of an asset that is recorded."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.line import LONGEST_LINE
from cora.facility_file.planning.core import SOME_ASSET, Planning
from cora.facility_file.planning.survey import BROKEN
from cora.facility_file.shapes import LEFT_OUT
from cora.facility_file.steps import Stage

if TYPE_CHECKING:
    from cora.facility_file.planning.assets import Turn


async def bind_model(turn: "Turn") -> None:
    """Bind the asset to the model that the file names."""
    entry, state, planning = turn.entry, turn.state, turn.planning
    if entry.model is LEFT_OUT or state is None:
        return
    wanted: UUID | None = turn.references["model_id"]
    if wanted == state.model_id:
        return
    if wanted is None:
        says = "no command takes the model of an asset away; name another model"
        planning.problem(entry.at("model"), f"{turn.subject.label}: {says}")
        return
    reason = planning.reason(entry)
    if reason is None and state.model_id is not None:
        turn.no_reason("model", "binding it to another model")
        return
    arguments = {"model_id": str(wanted), **({"reason": reason} if reason else {})}
    await turn.change("bind_asset_model", arguments, f"bind {planning.named(str(wanted))} to", "model")


async def set_drawing(turn: "Turn") -> None:
    """Set the drawing that the file gives, or none."""
    drawing, state = turn.entry.drawing, turn.state
    if drawing is LEFT_OUT or state is None:
        return
    command, arguments = "set_asset_drawing", {"drawing": drawing}
    wanted = turn.planning.checked(turn.subject, command, {"asset_id": turn.id, **arguments})
    if wanted is not None and wanted.drawing != state.drawing:
        await turn.change(command, arguments, f"{'clear' if drawing is None else 'set'} the drawing of", "drawing")


class Controllers:
    """Which asset drives which, as it will be."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._nodes: dict[UUID, int] | None = None
        self._above: dict[UUID, UUID | None] = {}

    async def set(self, turn: "Turn") -> None:
        """Set the controller that the file names, or none.

        It comes after those of the controllers above it. So whatever stands
        above it then is what the files say, and no line is closed to a circle
        on the way that is none in the end.
        """
        entry, state, planning = turn.entry, turn.state, self._planning
        if entry.controller is LEFT_OUT or state is None:
            return
        wanted: UUID | None = turn.references["controller_id"]
        if wanted == state.controller_id:
            return
        line = await self._line(wanted)
        planning.labels[turn.id] = f"asset '{turn.path}'"
        if wanted is not None:
            planning.labels[wanted] = f"asset '{planning.survey.assets.path(self._node(wanted))}'"
        await turn.step(
            Stage.CONTROLLERS, "set_asset_controller", {"controller_id": str(wanted) if wanted else None},
            f"{'set' if wanted else 'clear'} the controller of asset '{turn.path}'", "controller", turn.when(""),
            len(line), line,
        )  # fmt: skip

    async def _line(self, first: UUID | None) -> dict[UUID, Asset]:
        """The line of controllers from one upward, as far as it is walked."""
        line: dict[UUID, Asset] = {}
        id = first
        while id is not None and id not in line and len(line) < LONGEST_LINE:
            if id not in self._above:
                self._above[id] = await self._controller_of(id)
            line[id] = replace(SOME_ASSET, id=id, controller_id=self._above[id])
            id = self._above[id]
        return line

    async def _controller_of(self, id: UUID) -> UUID | None:
        survey, node = self._planning.survey, self._node(id)
        if node in survey.controllers:
            return self._planning.ids["asset"].get(survey.controllers[node])
        record = await self._planning.facility.get("asset", id)
        return record.state.controller_id if record else None

    def _node(self, id: UUID) -> int:
        """The node of an asset that the files name, else one that none has."""
        if self._nodes is None:
            self._nodes = {id: node for node, id in self._planning.ids["asset"].items()}
        return self._nodes.get(id, BROKEN)
