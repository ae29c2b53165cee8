"""How people see each kind of record: what is shown beside it, and what they call it."""

from typing import Any

from cora.equipment import beside
from cora.equipment import natural_keys as keys
from cora.equipment.aggregates.assembly import ASSEMBLY
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.facility import FACILITY
from cora.equipment.aggregates.family import FAMILY
from cora.equipment.aggregates.fixture import FIXTURE
from cora.equipment.aggregates.frame import FRAME
from cora.equipment.aggregates.model import MODEL
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, SUBJECT
from cora.equipment.aggregates.role import ROLE
from cora.kernel.showing import Beside, View

VIEWS: tuple[View[Any], ...] = (
    View(FACILITY, Beside(beside.BesideFacility, beside.beside_facility), keys.FACILITY_KEY),
    View(FAMILY, Beside(beside.BesideFamily, beside.beside_family), keys.FAMILY_KEY),
    View(ROLE, Beside(beside.BesideRole, beside.beside_role), keys.ROLE_KEY),
    View(MODEL, Beside(beside.BesideModel, beside.beside_model), keys.MODEL_KEY),
    View(ASSET, Beside(beside.BesideAsset, beside.beside_asset), keys.ASSET_KEY, (SUBJECT,)),
    View(FRAME, Beside(beside.BesideFrame, beside.beside_frame), keys.FRAME_KEY),
    View(MOUNT, Beside(beside.BesideMount, beside.beside_mount), keys.MOUNT_KEY),
    View(ASSEMBLY, Beside(beside.BesideAssembly, beside.beside_assembly), keys.ASSEMBLY_KEY),
    View(FIXTURE, Beside(beside.BesideFixture, beside.beside_fixture), keys.FIXTURE_KEY, (SUBJECT,)),
    View(PERSISTENT_ID, Beside(beside.BesidePersistentId, beside.beside_persistent_id), keys.PERSISTENT_ID_KEY),
)
AGGREGATES = tuple(view.aggregate for view in VIEWS)
