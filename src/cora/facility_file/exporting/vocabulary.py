"""Which facilities, roles, families, models and assemblies are written."""

from dataclasses import dataclass
from typing import Any

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.facility_file.exporting.definitions import Definitions, is_deprecated, is_seeded, keeps_its_hash
from cora.facility_file.exporting.notes import Note
from cora.facility_file.exporting.outline import Outline
from cora.facility_file.exporting.text import can_be_held
from cora.facility_file.port import Record


@dataclass(frozen=True)
class Vocabulary:
    """What is written, each in order."""

    facilities: list[tuple[Record, str | None]]
    """With the e-mail address."""
    roles: list[Record]
    families: list[Record]
    models: list[Record]
    assemblies: list[Record]


def outline_vocabulary(outline: Outline, *, contacts: bool) -> Vocabulary:
    """Decide which definitions are written: in a whole export those in use, always those that something needs."""
    holdings, whole = outline.holdings, outline.whole
    assemblies = holdings.assemblies.written(whole=whole)
    for record in assemblies:
        assembly: Assembly = record.state
        holdings.families.use(assembly.presents_as_family_id)
        for slot in assembly.required_slots:
            for family_id in slot.required_family_ids:
                holdings.families.use(family_id)
        for role_id in assembly.presents_as:
            holdings.roles.use(role_id)
    models = holdings.models.written(whole=whole)
    for record in models:
        model: Model = record.state
        for family_id in model.declared_family_ids:
            holdings.families.use(family_id)
    families = holdings.families.written(whole=whole)
    for record in families:
        family: Family = record.state
        for role_id in family.presents_as:
            holdings.roles.use(role_id)
    roles = [record for record in holdings.roles.written(whole=whole) if not is_seeded(record.state)]
    found = Vocabulary(_facilities(outline), roles, families, models, assemblies)
    _note(outline, found, contacts=contacts)
    return found


def _facilities(outline: Outline) -> list[tuple[Record, str | None]]:
    found = sorted(outline.holdings.facilities, key=lambda pair: pair[0].state.code)
    if outline.whole:
        return found
    codes = {outline.holdings.assets.codes.get(top) for top in outline.tops}
    return [pair for pair in found if pair[0].state.code in codes or pair[0].state.code == outline.report.under]


def _note(outline: Outline, found: Vocabulary, *, contacts: bool) -> None:
    holdings, report = outline.holdings, outline.report
    for kind, definitions in (
        ("role", holdings.roles), ("family", holdings.families), ("model", holdings.models),
        ("assembly", holdings.assemblies),
    ):  # fmt: skip
        _note_deprecated(outline, kind, definitions)
    for kind, records in (
        ("facility", [record for record, _ in found.facilities]), ("role", found.roles), ("family", found.families),
        ("model", found.models), ("assembly", found.assemblies),
    ):  # fmt: skip
        for record in records:
            outline.note_date(record.began_at)
            label = f"{kind} {getattr(record.state, 'name')}"  # noqa: B009 - each of them has one
            if record.version > _events(record.state):
                report.note(Note.HISTORIES, label)
            for schema in ("settings_schema", "parameter_overrides_schema"):
                if not can_be_held(getattr(record.state, schema, None)):
                    report.note(Note.UNHOLDABLE, f"the schema of {label}")
    for record in found.assemblies:
        if not keeps_its_hash(record.state, holdings.families):
            report.note(Note.CONTENT_HASHES, record.state.name)
    for record, address in found.facilities:
        if record.state.contact_id is not None and address is None:
            report.note(Note.ERASED_CONTACTS if contacts else Note.CONTACTS, f"of facility {record.state.code}")


def _note_deprecated(outline: Outline, kind: str, definitions: Definitions) -> None:
    for record in definitions:
        label = f"{kind} {definitions.label(record)}"
        if definitions.is_replaced(record.id):
            outline.report.note(Note.NAMES_TAKEN, label)
        elif is_deprecated(record) and definitions.is_used(record.id):
            outline.report.note(Note.DEPRECATED_USED, label)
        elif outline.whole and (is_deprecated(record) or definitions.meant(record.id).id != record.id):
            outline.report.note(Note.DEPRECATED_UNUSED, label)


def _events(state: Any) -> int:
    """How many events a definition has when it is made from a file."""
    return (
        1
        + (getattr(state, "version", None) is not None)
        + (getattr(state, "settings_schema", None) is not None)
        + len(getattr(state, "presents_as", ()))
    )
