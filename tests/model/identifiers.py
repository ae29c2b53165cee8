"""The plain model of persistent identifiers, and of what their authority is asked (domain.md, section 4.2)."""

from tests.model.told import is_complete, is_public, record_of
from tests.model.world import DIGEST, NOW, Record, Refused, State, World

PREFIXES = {"DOI": "10.0000/cora-stub", "Handle": "20.500.0000/cora-stub"}
"""Those of the authority that the runs use: a test one."""


class AuthorityFails(Exception):
    """The authority was asked, and did not do it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = reason == "busy"


def _key(scheme: str, value: str) -> tuple[str, str]:
    return scheme, value.lower()


def reservation_of(world: World, id: str) -> State | None:
    """The open reservation for a record."""
    return next((each for each in open_reservations(world) if each["subject_id"] == id), None)


def open_reservations(world: World) -> list[State]:
    """The identifiers that are still on their way."""
    return [each for each in world.all("persistent_id") if each["status"] == "Reserved"]


def is_kept_here(persistent_id: State) -> bool:
    """Whether its authority is told of it by the server."""
    return persistent_id["origin"] == "Minted" and (persistent_id["status"] == "Draft" or is_public(persistent_id))


def _gates(world: World, state: State, kind: str, mine: State | None) -> None:
    """What comes before completeness; a reservation that is taken up again has passed it already."""
    if kind == "asset" and state["lifecycle"] == "Decommissioned" and mine is None:
        raise Refused("AssetPersistentIdAssignmentForbidden", asset_id=state["id"])
    if state["persistent_id"] is not None:
        raise Refused(f"{kind.capitalize()}PersistentIdAlreadyAssigned", value=state["persistent_id"]["value"])
    open_one = reservation_of(world, state["id"])
    if open_one is not None and mine is None:
        raise Refused("PersistentIdReserved", value=open_one["value"], persistent_id_id=open_one["id"])


def _becomes(world: World, persistent_id: State, **members: object) -> None:
    """One more event of an identifier."""
    persistent_id.update(members)
    world.records[persistent_id["id"]].version += 1
    world.step.events += 1
    world.step.identifiers.add(persistent_id["id"])


def _reserve(world: World, scheme: str, value: str, subject: tuple[str, str], origin: str) -> State:
    for other in world.all("persistent_id"):
        if other["status"] != "Released" and _key(other["scheme"], other["value"]) == _key(scheme, value):
            world.step.last_refusal = Refused("PersistentIdTaken", value=value, persistent_id_id=other["id"])
    kind, id = subject
    reserved: State = {
        "id": world.hints.identifier_id,
        "scheme": scheme,
        "value": value,
        "landing_page": f"{world.address}/id/{id}" if origin == "Minted" else None,
        "subject_kind": kind,
        "subject_id": id,
        "origin": origin,
        "test": value.lower().startswith(f"{PREFIXES[scheme]}/"),
        "reserved_at": NOW,
        "minted_at": None,
        "published_at": None,
        "publication_requested_at": None,
        "withdrawal": None,
        "released_at": None,
        "pushed": None,
        "last_failure": None,
        "former_landing_pages": [],
    }
    world.records[reserved["id"]] = Record("persistent_id", reserved)
    _becomes(world, reserved, status="Reserved")
    return reserved


def _assigned(world: World, persistent_id: State) -> None:
    members = ("scheme", "value", "origin", "test")
    subject = world.records[persistent_id["subject_id"]].state
    subject["persistent_id"] = {name: persistent_id[name] for name in members}
    world.note(subject["id"])


def assign(world: World, given: State, kind: str) -> None:
    """Reserve or resume, then mint as the authority answers."""
    state = world.need(kind, given[f"{kind}_id"], f"{kind.capitalize()}NotFound")
    scheme, suffix = given["scheme"], given.get("suffix")
    wanted = f"{PREFIXES[scheme]}/{suffix}" if suffix else None
    mine = reservation_of(world, state["id"])
    if mine is not None and (mine["scheme"] != scheme or wanted not in (None, mine["value"])):
        mine = None
    _gates(world, state, kind, mine)
    if mine is None and not is_complete(world, state):
        raise Refused("PidinstRecordIncomplete", id=state["id"])
    if mine is None:
        mine = _reserve(world, scheme, wanted or world.hints.value or "", (kind, state["id"]), "Minted")
        world.part(mine["id"])
    if world.step.last_refusal is None:
        # The times of the record are judged before the authority is asked.
        world.step.touched.append(state["id"])
        finish(world, mine)


def finish(world: World, reserved: State) -> None:
    """Mint what is reserved, as a draft where the server leaves it one, and assign it."""
    visibility = "Findable" if world.publishes or reserved["scheme"] != "DOI" else "Draft"
    told = _told(world, reserved, visibility)
    try:
        _ask(world, "mint")
    except AuthorityFails as failure:
        _fails(world, reserved, failure, "PersistentIdentifierMint")
        if not failure.retryable:
            _ask(world, "look")
        if world.mints == "refused":
            _becomes(world, reserved, status="Released", released_at=NOW)
        return
    world.held[reserved["value"]] = visibility
    if visibility == "Draft":
        _becomes(world, reserved, status="Draft", minted_at=NOW, last_failure=None)
    else:
        _becomes(world, reserved, status="Minted", minted_at=NOW, published_at=NOW, last_failure=None)
    _pushed(world, reserved, told)
    _assigned(world, reserved)


def record(world: World, given: State, kind: str) -> None:
    """An identifier that existed before."""
    state = world.need(kind, given[f"{kind}_id"], f"{kind.capitalize()}NotFound")
    _gates(world, state, kind, None)
    value = given["value"].lower() if given["scheme"] == "DOI" else given["value"]
    recorded = _reserve(world, given["scheme"], value, (kind, state["id"]), "Recorded")
    _becomes(world, recorded, status="Minted", minted_at=NOW, published_at=NOW)
    _assigned(world, recorded)


def _need(world: World, given: State) -> State:
    return world.need("persistent_id", given["persistent_id_id"], "PersistentIdNotFound")


def _refused(code: str, persistent_id: State, *others: str) -> Refused:
    members = {name: persistent_id[name] for name in ("id", "scheme", "value", *others)}
    return Refused(code, state=persistent_id["status"], **members)


def publish(world: World, given: State) -> None:
    """That a draft is to be public is recorded first, then its authority is told."""
    draft = _need(world, given)
    if draft["status"] != "Draft":
        raise _refused("PersistentIdCannotPublish", draft)
    world.step.touched.append(draft["id"])
    if draft["publication_requested_at"] is None:
        _becomes(world, draft, publication_requested_at=NOW)
        world.part(draft["id"])
    _tell(world, draft, again=False)


def push(world: World, given: State) -> None:
    persistent_id = _need(world, given)
    if not is_kept_here(persistent_id):
        raise _refused("PersistentIdNotKeptHere", persistent_id, "origin")
    world.step.touched.append(persistent_id["id"])
    _tell(world, persistent_id, again=given.get("again", False))


def redirect(world: World, given: State) -> None:
    """To where the pages are now; its authority is told by whoever tells it next."""
    persistent_id = _need(world, given)
    page = f"{world.address}/id/{persistent_id['subject_id']}"
    former = persistent_id["landing_page"]
    if page == former:
        return
    if not is_kept_here(persistent_id):
        raise _refused("PersistentIdNotKeptHere", persistent_id, "origin")
    world.step.touched.append(persistent_id["id"])
    pages = [*persistent_id["former_landing_pages"], former]
    _becomes(world, persistent_id, landing_page=page, former_landing_pages=pages)


def withdraw(world: World, given: State) -> None:
    persistent_id = _need(world, given)
    is_asked = persistent_id["publication_requested_at"] is not None and persistent_id["id"] not in world.refused
    is_draft = persistent_id["status"] == "Draft" and not is_asked
    if persistent_id["status"] != "Minted" and not is_draft:
        raise _refused("PersistentIdCannotWithdraw", persistent_id)
    world.step.touched.append(persistent_id["id"])
    withdrawal = {"reason": given["reason"], "withdrawn_at": NOW}
    _becomes(world, persistent_id, status="Withdrawn", withdrawal=withdrawal)


def release(world: World, given: State) -> None:
    """The authority is asked first; what it holds is not given up."""
    reserved = _need(world, given)
    if reserved["status"] != "Reserved":
        raise _refused("PersistentIdCannotRelease", reserved)
    world.step.touched.append(reserved["id"])
    identifier = {name: reserved[name] for name in ("scheme", "value")}
    try:
        _ask(world, "look")
    except AuthorityFails as failure:
        world.step.failed = Refused("PersistentIdentifierLook", reason=failure.reason, retryable=True, **identifier)
        return
    if world.mints == "refused but held":
        world.step.failed = Refused("PersistentIdHeld", id=reserved["id"], **identifier)
        return
    _becomes(world, reserved, status="Released", released_at=NOW)


def is_lost(world: World, persistent_id: State) -> bool:
    """Whether its authority should hold it, and does not."""
    return is_kept_here(persistent_id) and persistent_id["value"] not in world.held


def is_news(world: World, persistent_id: State) -> bool:
    """Whether the authority was told something else last."""
    told = _told(world, persistent_id, _visibility(persistent_id))
    return is_kept_here(persistent_id) and told != world.told[persistent_id["id"]]


def _told(world: World, persistent_id: State, visibility: str) -> State:
    """All that the authority should have, as far as it can change."""
    url = persistent_id["landing_page"]
    return {"visibility": visibility, "url": url, **record_of(world, world.records[persistent_id["subject_id"]].state)}


def _visibility(persistent_id: State) -> str:
    if persistent_id["status"] == "Withdrawn":
        return "Hidden"
    is_draft = persistent_id["status"] == "Draft" and persistent_id["publication_requested_at"] is None
    return "Draft" if is_draft else "Findable"


def _tell(world: World, persistent_id: State, *, again: bool) -> None:
    """Tell the authority what it should have; nothing where it has the same, unless `again`."""
    is_open = persistent_id["id"] in world.open and not world.rehearses
    if not (again or is_open or is_news(world, persistent_id)):
        return
    visibility = _visibility(persistent_id)
    told = _told(world, persistent_id, visibility)
    try:
        (_restore if again else _change)(world, persistent_id, visibility)
    except AuthorityFails as failure:
        world.open.add(persistent_id["id"])
        _fails(world, persistent_id, failure, "PersistentIdentifierPush")
        return
    world.open.discard(persistent_id["id"])
    _pushed(world, persistent_id, told)
    if persistent_id["status"] == "Draft" and visibility == "Findable":
        _becomes(world, persistent_id, status="Minted", published_at=NOW)


def _pushed(world: World, persistent_id: State, told: State) -> None:
    world.told[persistent_id["id"]] = told
    world.refused.discard(persistent_id["id"])
    _becomes(world, persistent_id, pushed={"digest": DIGEST, "pushed_at": NOW}, last_failure=None)


def _fails(world: World, persistent_id: State, failure: AuthorityFails, code: str) -> None:
    before = persistent_id["last_failure"]
    last: State = {
        "reason": failure.reason,
        "retryable": failure.retryable,
        "attempt": before["attempt"] + 1 if before else 1,
        "failed_at": NOW,
        "retry_after": None,
    }
    _becomes(world, persistent_id, last_failure=last)
    is_refused = persistent_id["publication_requested_at"] is not None and not failure.retryable
    (world.refused.add if is_refused else world.refused.discard)(persistent_id["id"])
    members = {name: persistent_id[name] for name in ("scheme", "value")}
    world.step.failed = Refused(code, reason=failure.reason, retryable=failure.retryable, **members)


def _ask(world: World, what: str) -> None:
    world.step.asked.append(what)
    # Whoever only looks is refused by none.
    if world.mints == "busy" or (world.mints != "minted" and what != "look"):
        raise AuthorityFails(world.mints)


def _change(world: World, persistent_id: State, visibility: str) -> None:
    """Have the authority change what it holds."""
    if visibility == "Findable" and persistent_id["status"] == "Draft":
        if persistent_id["former_landing_pages"]:
            _ask(world, "push")
            if persistent_id["value"] not in world.held and not world.rehearses:
                raise AuthorityFails("lost")
        _ask(world, "publish")
        world.held[persistent_id["value"]] = "Findable"
        return
    _ask(world, "hide" if visibility == "Hidden" else "push")
    if persistent_id["value"] not in world.held and not world.rehearses:
        raise AuthorityFails("lost")
    if visibility == "Hidden":
        _hidden(world, persistent_id)


def _restore(world: World, persistent_id: State, visibility: str) -> None:
    """Have the authority hold all of it, whatever it holds now."""
    _ask(world, "look")
    held = "Findable" if world.mints == "refused but held" else world.held.get(persistent_id["value"])
    if held is None:
        _ask(world, "mint")
        world.held[persistent_id["value"]] = "Draft" if visibility == "Draft" else "Findable"
    elif visibility != "Hidden":
        _ask(world, "push")
        if visibility == "Findable" and held != "Findable":
            _ask(world, "publish")
            world.held[persistent_id["value"]] = "Findable"
    if visibility == "Hidden":
        _ask(world, "hide")
        _hidden(world, persistent_id)


def _hidden(world: World, persistent_id: State) -> None:
    world.held[persistent_id["value"]] = "Registered" if persistent_id["scheme"] == "DOI" else "Findable"
