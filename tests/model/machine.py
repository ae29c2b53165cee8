"""One run of random commands, each predicted by the plain model and compared with what is answered and stored."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.model import identifiers
from tests.model.commands import COMMANDS, ROLES
from tests.model.draws import ARGUMENTS, SUFFIXES, Draws
from tests.model.invariants import normal, require_invariants
from tests.model.lists import list_of
from tests.model.past import Past
from tests.model.predict import Kept, Keys, Options, Prediction, predict
from tests.model.seed import SEED, SEEDED_ROLES
from tests.model.server import Server, identifier_in
from tests.model.told import is_complete, is_public, record_of
from tests.model.world import ADDRESSES, DIGEST, FIRST, NOW, Hints, Record, State, World, is_in_use

from cora.equipment.ports.contacts import ContactNotFoundError
from cora.kernel.documents import Asked
from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer
from cora.kernel.identity import new_id
from cora.kernel.moment import moment_text
from cora.kernel.when import When

LOOK_EVERY = 7

# What joins records comes more often: most rules are about that.
_OFTEN = (
    "register_asset",
    "activate_asset",
    "decommission_asset",
    "relocate_asset",
    "install_asset",
    "uninstall_asset",
    "register_fixture",
    "attach_asset_to_fixture",
    "detach_asset_from_fixture",
    "update_asset_settings",
    "assign_asset_persistent_id",
    "assign_fixture_persistent_id",
)
STEPS = (*COMMANDS, *_OFTEN * 2, "repeat", "repeat", "read", "read", "erase", "work", *("look back",) * 6)
# Only where there is an identifier.
_ON_IDENTIFIERS = (
    "publish_persistent_id",
    *("push_persistent_id",) * 2,
    "withdraw_persistent_id",
    "release_persistent_id",
    "lose",
    "move",
    *("redirect_persistent_id",) * 2,
)
STEPS_WITH_ONE = (*STEPS, *_ON_IDENTIFIERS * 4)
AUTHORITY = (*("minted",) * 4, "busy", "refused", "refused but held")
SUFFIX = re.compile(r"[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{2}[0-9]{2}")

_RUNS = count(1)


class Recorded(RuleBasedStateMachine):
    """One run: a facility of its own in the one database, and the model of it."""

    server: ClassVar[Server]

    def __init__(self) -> None:
        super().__init__()
        self.run_name = f"r{next(_RUNS)}"
        self.keys = Keys()
        self.identifiers: dict[str, str] = {}
        self.erased: set[str] = set()
        self.digests: dict[str, str] = {}
        self.story = self.told = self.steps = 0
        head = self.server.rows("select count(*) as head from event")[0]["head"]
        self.world = World(position=head)
        stored = self.server.documents(list(SEEDED_ROLES))
        for id, state in SEEDED_ROLES.items():
            self.world.records[id] = Record("role", state, 1, stored[id]["occurred_at"])
        self.past = Past()
        self.past.remember(self.world)
        self.others = self.server.rows("select count(*) as n from document")[0]["n"] - len(SEEDED_ROLES)

    @initialize(steps=st.sampled_from((0, 99, 99, 99, 18, 8)), story=st.integers(0, 2**24 - 1))
    def begin(self, steps: int, story: int) -> None:
        self.story = story
        self.world.publishes = story % 2 > 0
        self.server.publish(self.world.publishes)
        self.server.move(self.world.address)
        ids: dict[str, str] = {"run": self.run_name}
        for label, name, members in SEED[:steps]:
            accepted = self.give(name, members(ids), Options())
            assert accepted is not None, f"the seed's {name} was refused"
            ids[label] = accepted

    @rule(turn=st.integers(0, 15))
    def step(self, turn: int) -> None:
        """One thing happens, or nothing: a failing story is told shorter by leaving steps out.

        Which thing it is follows from the story, the number of the step and the turn it takes. Drawing all of it
        from hypothesis would try the same few things again and again.
        """
        self.told += 1
        if turn == 0:
            return
        draws = Draws(Random(f"{self.story}/{self.told}/{turn}"), self.world, self.run_name)
        name = draws.one(STEPS_WITH_ONE if self.world.all("persistent_id") else STEPS)
        note(name)
        if name in COMMANDS:
            given = ARGUMENTS[name](draws)
            self.give(name, given, self._options(name, given, draws))
        elif name == "work":
            self.work(draws.one(AUTHORITY))
        else:
            others = {
                "repeat": self.repeat,
                "read": self.read_record,
                "erase": self.erase,
                "lose": self.lose,
                "move": self.move,
                "look back": self.look_back,
            }
            others[name](draws)

    def repeat(self, draws: Draws) -> None:
        """A request that was answered under a key is sent again."""
        if self.keys.kept:
            key = draws.one(list(self.keys.kept))
            kept = self.keys.kept[key]
            self.give(kept.name, kept.given, Options(idempotency_key=key, if_match=draws.one((None, 1, 99))))

    def work(self, does: str) -> None:
        """The worker finishes what is reserved."""
        server, world = self.server, self.world.copied(Hints(""))
        waiting = [
            each
            for each in identifiers.open_reservations(world)
            if each["last_failure"] is None or each["last_failure"]["retryable"]
        ]
        server.minter.does = world.mints = does
        server.minter.asked.clear()
        finished = server.work()
        assert len(finished.assigned if does == "minted" else finished.failed) == len(waiting)
        for each in waiting:
            identifiers.finish(world, each)
        assert server.minter.asked == world.step.asked
        for id, document in server.documents(world.step.touched).items():
            world.records[id].occurred_at = document["occurred_at"]
        self._learn(world, None)
        world.position += world.step.events
        self.go_on(world)

    def lose(self, draws: Draws) -> None:
        """The authority loses an identifier."""
        held = [each for each in self.world.all("persistent_id") if each["value"] in self.world.held]
        if held:
            lost = draws.one(held)
            self.server.minter.lose(identifier_in(lost))
            del self.world.held[lost["value"]]

    def move(self, draws: Draws) -> None:
        """The pages move to another address."""
        self.world.address = draws.one(ADDRESSES)
        self.server.move(self.world.address)

    def read_record(self, draws: Draws) -> None:
        """The PIDINST record of something, and whether the world may read it."""
        kinds = [kind for kind in ("asset", "fixture") if self.world.all(kind)]
        if not kinds:
            return
        kind = draws.one(kinds)
        state = draws.one(self.world.all(kind))
        asked = f"get_{kind}_pidinst", {f"{kind}_id": state["id"]}
        told = self.server.ask(*asked)
        own = [each for each in self.world.all("persistent_id") if each["subject_id"] == state["id"]]
        assert self.server.ask_publicly(*asked) == (told if any(map(is_public, own)) else None)
        assigned = state["persistent_id"]
        assert told.identifier.identifier == (assigned["value"] if assigned else f"urn:uuid:{state['id']}")
        assert told.identifier.identifier_type == (assigned["scheme"] if assigned else "URN")
        assert (told.name, told.complete) == (state["name"], is_complete(self.world, state))
        right = record_of(self.world, state)
        assert [owner.owner_name for owner in told.owners] == right["owners"]
        assert [maker.manufacturer_name for maker in told.manufacturers] == right["manufacturers"]
        assert [
            (each.relation_type, each.related_identifier, each.related_identifier_name)
            for each in told.related_identifiers
        ] == right["related"]

    def go_on(self, world: World) -> None:
        """The world is this one now."""
        self.world = world
        self.past.remember(world)

    def look_back(self, draws: Draws) -> None:
        """A record, and what stands below an asset, as they were; and a list of now, asked for as of now."""
        moments = self.past.moments
        position = draws.optional(70, lambda: draws.one(self.past.positions))
        moment = draws.optional(60 if position is not None else 100, lambda: draws.one(moments) if moments else None)
        if moment is not None and draws.chance(30):
            moment -= timedelta(microseconds=1)
        when = When(position, moment)
        changed = self.past.changed(position) if position is not None and draws.chance(30) else []
        id = draws.one(changed or list(self.past.versions))
        kind, then = self.past.kinds[id], self.past.at(id, position, moment)
        shown = self.server.shown(kind, id, when)
        found = shown and (shown["version"], normal(shown["state"]))
        assert found == (then and (then.version, then.state)), f"{kind} {id} {when}"
        if kind == "asset":
            listed = self.server.listed("asset", Asked({"parent_id": (id,)}, limit=200, when=when))
            assert [each["id"] for each in listed["items"]] == self.past.children(id, position, moment), f"{id} {when}"
        asked = list_of(draws, kind)
        as_of_now = replace(asked, when=When(as_of=self.world.position))
        assert self.server.listed(kind, asked) == self.server.listed(kind, as_of_now), asked

    def erase(self, draws: Draws) -> None:
        """An address is removed for ever; the records stay as they are."""
        known = [owner["contact_id"] for asset in self.world.all("asset") for owner in asset["owners"]]
        known = [each for each in known if each is not None]
        if not known:
            return
        id = draws.one(known)
        if id not in self.erased:
            assert self.server.ask("get_contact", {"contact_id": id}).address == "ada@example.org"
            self.server.act("erase_contact", {"contact_id": id})
            self.erased.add(id)
        for ask in (lambda: self.server.ask("get_contact", {"contact_id": id}),
                    lambda: self.server.act("erase_contact", {"contact_id": id})):  # fmt: skip
            with pytest.raises(ContactNotFoundError):
                ask()

    def _options(self, name: str, given: State, draws: Draws) -> Options:
        on = COMMANDS[name].on
        record = self.world.records.get(given[f"{on}_id"]) if on else None
        matches = draws.chance(10) and record is not None
        dry_run = draws.chance(12)
        key = draws.chance(15) and not dry_run
        return Options(
            role=draws.one(ROLES) if draws.chance(4) else "admin",
            occurred_at=self._occurred_at(draws) if draws.chance(25) else None,
            if_match=draws.one((record.version, record.version - 1, 1)) if matches and record is not None else None,
            dry_run=dry_run,
            idempotency_key=f"{self.run_name}-{draws.one(range(30))}" if key else None,
            mints=draws.one(AUTHORITY),
        )

    def _occurred_at(self, draws: Draws) -> datetime:
        """Now, in the future, long ago, or just at or just before something that is known."""
        now = datetime.now(UTC)
        known = [record.occurred_at for record in self.world.records.values() if record.occurred_at]
        known += self.world.joined_at.values()
        moments = [now, now - timedelta(days=400)]
        if draws.chance(70):
            moment = draws.one(known)
            moments = [moment, moment - timedelta(microseconds=1), moment - timedelta(milliseconds=20)]
        elif draws.chance(15):
            moments = [now + timedelta(hours=1)]
        return draws.one(moments)

    def give(self, name: str, given: State, options: Options) -> str | None:
        """Give a command to the server and to the model; the id of the record if it was accepted."""
        server, before = self.server, self.world
        kept = self.keys.find(options)
        server.minter.does = options.mints
        server.minter.asked.clear()
        told = server.command(name, given, options.role, **options.of_call())
        prediction = predict(before, name, given, options, kept, self._hints(given, told), datetime.now(UTC))
        try:
            accepted = self._compare(prediction, name, given, options, told)
        except AssertionError as error:
            shown = f"{told.code()} {told.members()}" if isinstance(told, Refusal) else told.body
            raise AssertionError(f"{name} {given} with {options}\nwas answered {shown}\n{error}") from error
        asked = prediction.world.step.asked if prediction.world is not None and not options.dry_run else []
        assert server.minter.asked == asked, "the authority is asked in turn, and only if nothing is refused"
        return accepted

    def _hints(self, given: State, told: Answer | Refusal) -> Hints:
        """What only the server could know beforehand."""
        if isinstance(told, Refusal):
            reserved = self.server.last_reserved() if told.code() == "PersistentIdentifierMint" else ""
            return Hints(given.get("id") or str(new_id()), (), told.members().get("value"), reserved)
        body = json.loads(told.body)
        if "suffix" not in given and "scheme" in given and "value" not in given:
            suffix = body["value"].split("/")[-1]
            assert SUFFIX.fullmatch(suffix) or suffix.split("-")[-1] in SUFFIXES
        minted = next((each["stream"] for each in body["events"] if each["kind"] == "PersistentIdMinted"), "")
        return Hints(str(told.id), tuple(contact_ids(body["state"])), body.get("value"), minted)

    def _learn(self, after: World, occurred_at: datetime | None) -> None:
        """When the identifiers were written, and the digests of what was told."""
        step = after.step
        for id, document in self.server.documents(list(step.identifiers)).items():
            texts = {NOW: moment_text(document["occurred_at"])}
            if step.first is not None:
                began = "reserved_at" if step.first.version == 1 else "publication_requested_at"
                texts[FIRST] = document["state"][began]
                step.first.learn(datetime.fromisoformat(texts[FIRST]), texts)
            texts[DIGEST] = self._compare_digest(after, document["state"])
            after.records[id].learn(document["occurred_at"], texts)
            before = self.world.records.get(id)
            last = before.occurred_at if before is not None else None
            if occurred_at is None or (last is not None and occurred_at < last):
                assert last is None or document["occurred_at"] > last
            else:
                assert document["occurred_at"] == occurred_at

    def _compare_digest(self, after: World, persistent_id: State) -> str:
        """The digest of what was told last; empty when nothing was."""
        if persistent_id["pushed"] is None:
            return ""
        digest = persistent_id["pushed"]["digest"]
        told = json.dumps([persistent_id["id"], after.told[persistent_id["id"]]], sort_keys=True)
        assert self.digests.setdefault(told, digest) == digest, "the same has one digest"
        assert self.digests.setdefault(digest, told) == told, "whatever changes changes the digest"
        return digest

    def _compare(
        self, prediction: Prediction, name: str, given: State, options: Options, told: Answer | Refusal
    ) -> str | None:
        after = prediction.world
        if prediction.refusals:
            right = {refused.code: refused.members for refused in prediction.refusals}
            assert isinstance(told, Refusal), f"it must be refused: {sorted(right)}"
            assert told.code() in right, f"it must be refused: {sorted(right)}"
            members = {member: str(told.members()[member]) for member in right[told.code()]}
            assert members == right[told.code()]
            if after is not None:
                self._learn(after, options.occurred_at)
                after.position += after.step.events
                self.go_on(after)
            return None
        assert isinstance(told, Answer), "it must be accepted"
        if prediction.replay is not None:
            assert told == prediction.replay.answer
            return None
        assert after is not None
        self._compare_answer(after, name, given, options, told)
        if options.dry_run:
            return None
        self.go_on(after)
        if options.idempotency_key:
            self.keys.kept[options.idempotency_key] = Kept(name, given, told)
        return str(told.id)

    def _compare_answer(self, after: World, name: str, given: State, options: Options, told: Answer) -> None:
        body, step, planned = json.loads(told.body), after.step, COMMANDS[name]
        assigns = name.startswith("assign")
        id = given[f"{planned.on}_id"] if planned.on else step.id
        if step.events:
            after.settle(datetime.fromisoformat(body["occurred_at"]), body["occurred_at"])
            assert assigns or options.occurred_at in (None, datetime.fromisoformat(body["occurred_at"]))
        if not options.dry_run:
            self._learn(after, options.occurred_at)
            after.position += step.events
        elif planned.on == "persistent_id" and step.events:
            texts = {FIRST: body["occurred_at"], DIGEST: self._compare_digest(after, body["state"])}
            after.records[id].learn(datetime.fromisoformat(body["occurred_at"]), texts)
        assert (str(told.id), told.version, told.position) == (id, after.records[id].version, after.position)
        assert (body["id"], body["version"], body["position"]) == (id, told.version, told.position)
        assert told.status == (201 if (planned.on is None or assigns) and not options.dry_run else 200)
        assert body.get("dry_run", False) == options.dry_run
        # What was recorded before the authority was asked is no part of the answer.
        assert len(body["events"]) == step.events - (step.first is not None and not options.dry_run)
        assert normal(body["state"]) == normal(after.records[id].state)
        if assigns:
            (own,) = [after.records[id].state for id in step.identifiers]
            shown = own["scheme"], own["value"], own["landing_page"]
            assert (body["scheme"], body["value"], body["url"]) == shown
            assert body["publication"] == ("Draft" if own["status"] == "Draft" else "Findable")
        if not options.dry_run:
            self._compare_contacts(given, body)

    def _compare_contacts(self, given: State, body: State) -> None:
        """Every address that came is kept, and kept apart."""
        wanted = str(given).count("@example.org")
        new = [UUID(id) for id in contact_ids(body["events"])]
        assert len(new) == wanted
        for id in new:
            address = self.server.wait(self.server.log.contacts.get(id))
            assert address is not None
            assert address in str(given)
        assert "@example.org" not in str(body)

    @invariant()
    def look(self) -> None:
        """Every few steps: all that is stored is what the model says, and no rule is broken."""
        self.steps += 1
        if self.steps % LOOK_EVERY == 0:
            self.compare_tables()

    def compare_tables(self) -> None:
        """The documents, claims, identifiers and positions."""
        server, world = self.server, self.world
        stored = server.documents(list(world.records))
        expected = {
            id: (record.kind, record.version, record.occurred_at, normal(record.state))
            for id, record in world.records.items()
        }
        found = {
            id: (each["kind"], each["version"], each["occurred_at"], normal(each["state"]))
            for id, each in stored.items()
        }
        different = {id: (found.get(id), record) for id, record in expected.items() if found.get(id) != record}
        assert not different, f"stored, and what it must be: {different}"
        require_invariants(stored, self.identifiers)
        (heads,) = server.rows("select count(*) as events, max(position) as head from event")
        assert (heads["events"], heads["head"]) == (world.position, world.position)
        (documents,) = server.rows("select count(*) as n from document")
        assert documents["n"] == self.others + len(world.records)
        claims = server.rows("select owner, count(*) as n from claim where owner = any($1) group by owner",
                             [UUID(id) for id in world.records])  # fmt: skip
        assert {str(row["owner"]): row["n"] for row in claims} == _claims(world)
        held = {each["value"]: server.held(each) for each in world.all("persistent_id")}
        assert held == {value: world.held.get(value) for value in held}

    def teardown(self) -> None:
        """The end of a run: nothing stays reserved, and the log verifies."""
        if len(self.world.records) == len(SEEDED_ROLES):
            return
        self.work("minted")
        self.compare_tables()
        report = self.server.verified()
        assert report.intact, report.difference


def contact_ids(value: Any) -> list[str]:
    """Every contact id in a value, in order."""
    if isinstance(value, dict):
        own = [value["contact_id"]] if value.get("contact_id") else []  # pyright: ignore[reportUnknownVariableType]
        return own + [id for each in value.values() for id in contact_ids(each)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [id for each in value for id in contact_ids(each)]  # pyright: ignore[reportUnknownVariableType]
    return []


def _claims(world: World) -> dict[str, int]:
    """How many values each record must hold for itself."""
    held = {id: 1 for id, record in world.records.items() if record.kind != "role"}
    for id, record in world.records.items():
        gone = record.state.get("lifecycle") == "Decommissioned" or record.state.get("status") == "Deprecated"
        gone = gone or record.state.get("status") == "Released"
        if gone or not is_in_use(record.state):
            del held[id]
        if record.kind == "mount" and record.state["installed_asset_id"]:
            held[id] += 1
    return held
