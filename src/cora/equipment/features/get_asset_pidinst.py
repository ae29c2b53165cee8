"""The PIDINST record of an asset: what the world is told about it, and what is still missing before an identifier can
be minted. Open to everybody once the asset has a public persistent identifier."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.pidinst.read import read_asset_record
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.public import require_public
from cora.equipment.wired import Equipment
from cora.kernel.errors import UnauthenticatedError
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


class GetAssetPidinst(Query):
    """Which asset."""

    asset_id: UUID


@answers("GET /assets/{asset_id}/pidinst", allow=Role.ANONYMOUS, refuses=(UnauthenticatedError, AssetNotFoundError))
async def get_asset_pidinst(query: GetAssetPidinst, read: Reader, caller: Principal, wired: Equipment) -> PidinstRecord:
    await require_public(query.asset_id, caller, read)
    asset = await read.get(ASSET, query.asset_id)
    if asset is None:
        raise AssetNotFoundError(query.asset_id)
    return await read_asset_record(asset, read, wired)
