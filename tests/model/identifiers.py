"""The plain model of persistent identifiers (domain.md, section 4.2)."""

from tests.model.world import Refused, Reservation, State, World

PREFIXES = {"DOI": "10.0000/cora-stub", "Handle": "20.500.0000/cora-stub"}
"""Those of the authority that the runs use: a test one."""


def _key(scheme: str, value: str) -> tuple[str, str]:
    return scheme, value.lower()


def reservation_of(world: World, id: str) -> Reservation | None:
    """The open reservation for a record."""
    return next((each for each in world.reservations if each.subject == id and each.status == "Reserved"), None)


def owners(world: World, asset: State) -> list[str]:
    """The names of who owns an asset: itself, the nearest above that says so, else the facility."""
    above: State | None = asset
    while above is not None:
        if above["owners"]:
            return [owner["name"] for owner in above["owners"]]
        if above["parent_id"] is None:
            code = above["facility_code"]
            return [each["name"] for each in world.all("facility") if each["code"] == code]
        above = world.find("asset", above["parent_id"])
    return []


def is_complete(world: World, state: State, kind: str) -> bool:
    """Whether owner and manufacturer can be told."""
    if kind == "asset":
        return bool(owners(world, state)) and state["model_id"] is not None
    bound = [world.records[binding["asset_id"]].state for binding in state["slot_asset_bindings"]]
    return any(owners(world, asset) for asset in bound) and any(asset["model_id"] for asset in bound)


def _gates(world: World, state: State, kind: str, mine: Reservation | None) -> None:
    """What comes before completeness; a reservation that is taken up again has passed it already."""
    if kind == "asset" and state["lifecycle"] == "Decommissioned" and mine is None:
        raise Refused("AssetPersistentIdAssignmentForbidden", asset_id=state["id"])
    if state["persistent_id"] is not None:
        raise Refused(f"{kind.capitalize()}PersistentIdAlreadyAssigned", value=state["persistent_id"]["value"])
    open_one = reservation_of(world, state["id"])
    if open_one is not None and mine is None:
        raise Refused("PersistentIdReserved", value=open_one.value)


def _take(world: World, scheme: str, value: str, id: str) -> Reservation:
    for other in world.reservations:
        if other.status != "Released" and _key(other.scheme, other.value) == _key(scheme, value):
            world.step.last_refusal = Refused("PersistentIdTaken", value=value)
    reservation = Reservation(scheme, value, id)
    world.reservations.append(reservation)
    world.step.events += 1
    return reservation


def _assigned(world: World, state: State, reservation: Reservation, origin: str) -> None:
    reservation.status = "Minted"
    test = reservation.value.lower().startswith(PREFIXES[reservation.scheme])
    state["persistent_id"] = {
        "scheme": reservation.scheme,
        "value": reservation.value,
        "origin": origin,
        "test": test,
    }
    # That it was minted, and for a minted one what the authority was told.
    world.step.events += 2 if origin == "Minted" else 1
    world.note(state["id"])


def assign(world: World, given: State, kind: str) -> None:
    """Reserve or resume, then mint as the authority answers."""
    state = world.need(kind, given[f"{kind}_id"], f"{kind.capitalize()}NotFound")
    scheme, suffix = given["scheme"], given.get("suffix")
    wanted = f"{PREFIXES[scheme]}/{suffix}" if suffix else None
    mine = reservation_of(world, state["id"])
    if mine is not None and (mine.scheme != scheme or wanted not in (None, mine.value)):
        mine = None
    _gates(world, state, kind, mine)
    if mine is None and not is_complete(world, state, kind):
        raise Refused("PidinstRecordIncomplete", id=state["id"])
    if mine is None:
        mine = _take(world, scheme, wanted or world.hints.value or "", state["id"])
    if world.step.last_refusal is not None or world.mints == "minted":
        _assigned(world, state, mine, "Minted")
        return
    # The times of the record are judged before the authority is asked.
    world.step.touched.append(state["id"])
    fail(world, mine)
    world.step.failed = Refused("PersistentIdentifierMint", value=mine.value)


def fail(world: World, reservation: Reservation) -> None:
    """The authority was asked and did not mint."""
    reservation.hopeless = world.mints != "busy"
    world.step.events += 1
    if world.mints == "refused":
        reservation.status = "Released"
        world.step.events += 1


def finish(world: World, reservation: Reservation) -> None:
    """The authority minted it for the worker."""
    record = world.records[reservation.subject]
    _assigned(world, record.state, reservation, "Minted")


def record(world: World, given: State, kind: str) -> None:
    """An identifier that existed before."""
    state = world.need(kind, given[f"{kind}_id"], f"{kind.capitalize()}NotFound")
    _gates(world, state, kind, None)
    value = given["value"].lower() if given["scheme"] == "DOI" else given["value"]
    _assigned(world, state, _take(world, given["scheme"], value, state["id"]), "Recorded")
