"""The landing page for people, and the tombstone that a withdrawn identifier leads to."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from cora.equipment.landing.page import LandingPage, Neighbour, Standing
from cora.equipment.pidinst.derive import doi_of
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.pidinst.forms.citing import citation
from cora.equipment.pidinst.forms.writing import LICENSE, related_url
from cora.equipment.pidinst.published import agent_url, identifier_url
from cora.equipment.pidinst.record import PidinstRecord, RelatedIdentifier
from cora.equipment.related_identifier import RelationType
from cora.kernel.when import NOW, When
from cora.surfaces.http.landing.head import head_of
from cora.surfaces.http.landing.markup import (
    day,
    document,
    facts,
    link,
    listed,
    mail,
    minute,
    section,
    text,
    to_copy,
)
from cora.surfaces.http.landing.signposting import LICENSE_NAME, place_of

MOST_COMPONENTS = 200

_DATES = {"Commissioned": "Commissioned", "DeCommissioned": "Decommissioned"}
_RELATIONS = {
    RelationType.IS_DESCRIBED_BY: "Described by",
    RelationType.IS_NEW_VERSION_OF: "New version of",
    RelationType.IS_PREVIOUS_VERSION_OF: "Previous version of",
    RelationType.HAS_COMPONENT: "Has the component",
    RelationType.IS_COMPONENT_OF: "Component of",
    RelationType.REFERENCES: "References",
    RelationType.HAS_METADATA: "Described in metadata",
    RelationType.WAS_USED_IN: "Was used in",
    RelationType.IS_IDENTICAL_TO: "Identical to",
    RelationType.IS_ATTACHED_TO: "Attached to",
}
_REFERENCES = ("citation.txt", "bibtex.bib", "csl.json")


def landing_page(page: LandingPage, when: When = NOW) -> bytes:
    """The page, as it was at the moment that was asked for."""
    record = page.published.record
    body = "\n".join(
        filter(
            None,
            (
                f"<header>\n<p>{_kicker(page)}</p>\n<h1>{text(page.name)}</h1>\n{_lead(record)}</header>\n<main>",
                _tombstone(page),
                _notices(page, when),
                _identifier(page),
                _about(page),
                "" if page.is_withdrawn else _state(page),
                _place(page),
                section("Components", *_components(page)),
                section("Related", facts(map(_related, _related_elsewhere(page)))),
                _life(page),
                _cite(page),
                _formats(page, when),
                "</main>",
                _footer(page),
            ),
        )
    )
    title = f"Withdrawn: {page.name}" if page.is_withdrawn else page.name
    return document(title, body, head_of(page, when))


def missing_page() -> bytes:
    """What people see where there is nothing, or nothing that is public."""
    return document(
        "No public page here",
        "<main>\n<h1>No public page here</h1>\n"
        "<p>Either this address was mistyped, or the record has no published identifier.</p>\n"
        "<p>Only instruments with a published persistent identifier have a page for everybody. Whoever works at the "
        "facility finds the others with a token: see <code>/docs</code>.</p>\n</main>",
        '<meta name="robots" content="noindex">\n',
    )


def refused_page(says: str) -> bytes:
    """What people see who have asked for a moment that cannot be shown."""
    return document(
        "Not to be shown",
        f'<main>\n<h1>This cannot be shown</h1>\n<p>{text(says)}</p>\n<p><a href="?">As it is now</a></p>\n</main>',
        '<meta name="robots" content="noindex">\n',
    )


def _kicker(page: LandingPage) -> str:
    kind = "Instrument" if page.persistent_id.subject_kind == "asset" else "Instrument made of components"
    facility = page.facility
    if facility is None:
        return kind
    known = facility.identifier
    return f"{kind} at {link(facility.website or (known and agent_url(known.scheme, known.value)), facility.name)}"


def _lead(record: PidinstRecord) -> str:
    """What it is, in a line."""
    types = ", ".join(each.instrument_type_name for each in record.instrument_types)
    made = ", ".join(
        filter(
            None, (record.model and record.model.model_name, *(each.manufacturer_name for each in record.manufacturers))
        )
    )
    lead = ": ".join(filter(None, (types, made)))
    return f'<p class="lead">{text(lead)}</p>\n' if lead else ""


def _tombstone(page: LandingPage) -> str:
    withdrawal = page.persistent_id.withdrawal
    if withdrawal is None:
        return ""
    return (
        '<div class="notice">\n'
        f"<p><strong>This identifier was withdrawn on {day(withdrawal.withdrawn_at)}.</strong> "
        "Do not cite it any more.</p>\n"
        f"<p>Why: {text(withdrawal.reason)}</p>\n"
        "<p>This page stays, so that what was cited before can still be understood.</p>\n</div>"
    )


def _notices(page: LandingPage, when: When) -> str:
    what = "This shows" if page.published.is_test else "What this is related to has"
    test = (
        f'<div class="notice"><p>{what} a test identifier, made for trying things out. It resolves nowhere and must '
        "not be cited.</p></div>"
    )
    past = (
        f'<div class="notice"><p>{_asked(when)} '
        f"{link(page.published.record.landing_page, 'How it stands now')}</p></div>"
    )
    return "\n".join((*((test,) if page.published.record.test else ()), *(() if when.is_now else (past,))))


def _asked(when: When) -> str:
    """Of which moment the page is."""
    if when.true_at is None:
        return "" if when.as_of is None else f"This is what the record said {_recorded(when.as_of)}."
    by = "" if when.as_of is None else f", by what the record said {_recorded(when.as_of)}"
    return f"This is how it was on {minute(when.true_at)}{by}."


def _recorded(moment: datetime | int) -> str:
    return f"at position {moment} of the log" if isinstance(moment, int) else f"on {minute(moment)}"


def _identifier(page: LandingPage) -> str:
    own = page.persistent_id
    if not page.published.resolves:
        shown = f"<p>{text(f'{own.scheme}: {own.value}')}</p>"
        return section("Persistent identifier", shown, to_copy(own.value))
    url = page.published.uri
    return section("Persistent identifier", f"<p>{link(url, url)}</p>", to_copy(url))


def _about(page: LandingPage) -> str:
    record = page.published.record
    known = page.published.publisher.identifier
    told = (
        ("Description", text(record.description or "")),
        ("Owner", _owners(record)),
        ("Manufacturer", _manufacturers(record)),
        ("Model", _model(record)),
        ("Model identifier", _model_identifier(record)),
        ("Instrument type", _types(record)),
        ("Measured variables", _joined(record.measured_variables)),
        ("Techniques", _joined(each.measurement_technique_name for each in record.measurement_techniques)),
        ("Subjects", _subjects(record)),
        *_alternates(record),
        ("Drawing", _drawing(page)),
        *((_DATES[date.date_type], day(datetime.fromisoformat(date.date))) for date in record.dates),
        (
            "Published by",
            _agent(page.published.publisher.name, known and (known.scheme, known.value))
            + f", {page.published.publication_year:04}",
        ),
    )
    return section("About", facts(told))


def _owners(record: PidinstRecord) -> str:
    found: list[str] = []
    for each in record.owners:
        known = each.owner_identifier
        name = _agent(each.owner_name, known and (known.owner_identifier_type, known.owner_identifier))
        found.append(f"{name} ({mail(each.owner_contact)})" if each.owner_contact else name)
    return ", ".join(found)


def _manufacturers(record: PidinstRecord) -> str:
    found: list[str] = []
    for each in record.manufacturers:
        known = each.manufacturer_identifier
        found.append(
            _agent(
                each.manufacturer_name, known and (known.manufacturer_identifier_type, known.manufacturer_identifier)
            )
        )
    return ", ".join(found)


def _agent(name: str, known: tuple[str, str] | None) -> str:
    """The name of an organisation, a link where its identifier leads somewhere."""
    return link(known and agent_url(*known), name)


def _model(record: PidinstRecord) -> str:
    if record.model is None:
        return ""
    known = record.model.model_identifier
    is_number = known is not None and known.model_identifier_type == "PartNumber"
    return text(record.model.model_name + (f", part number {known.model_identifier}" if known and is_number else ""))


def _model_identifier(record: PidinstRecord) -> str:
    """An identifier that is no part number. The content hash of an assembly is nothing for people."""
    known = record.model and record.model.model_identifier
    if known is None or known.model_identifier_type in ("PartNumber", "SHA-256"):
        return ""
    words = f"{known.model_identifier_type}: {known.model_identifier}"
    return link(agent_url(known.model_identifier_type, known.model_identifier), words)


def _subjects(record: PidinstRecord) -> str:
    return ", ".join(
        link(each.subject_identifier and each.subject_identifier.subject_identifier, each.subject_name)
        for each in record.subjects
    )


def _types(record: PidinstRecord) -> str:
    found: list[str] = []
    for each in record.instrument_types:
        known = each.instrument_type_identifier
        found.append(link(known and known.instrument_type_identifier, each.instrument_type_name))
    return ", ".join(found)


def _joined(names: Iterable[str]) -> str:
    return text(", ".join(names))


def _alternates(record: PidinstRecord) -> Iterator[tuple[str, str]]:
    names = {"SerialNumber": "Serial number", "InventoryNumber": "Inventory number"}
    for each in record.alternate_identifiers:
        kind = each.alternate_identifier_type.value
        yield names.get(kind, each.alternate_identifier_name or kind), text(each.alternate_identifier)


def _drawing(page: LandingPage) -> str:
    drawing = page.drawing
    if drawing is None:
        return ""
    revision = f", revision {drawing.revision}" if drawing.revision else ""
    doi = doi_of(drawing)
    url = None if doi is None else identifier_url("DOI", doi)
    return link(url, f"{drawing.system.value} {drawing.number}{revision}")


def _state(page: LandingPage) -> str:
    return section(
        "State",
        facts(
            (
                ("Service", _standing(page.lifecycle)),
                ("Condition", (page.condition and _standing(page.condition)) or ""),
            )
        ),
    )


def _standing(standing: Standing) -> str:
    words = text(standing.words)
    return words if standing.since is None else f"{words} since {day(standing.since)}"


def _place(page: LandingPage) -> str:
    slot = page.slot
    installed = ""
    if slot is not None:
        installed = f"Slot {text(slot.code)}" + (f" since {day(slot.since)}" if slot.since else "")
    line = [text(page.facility.name)] if page.facility and page.line else []
    line += [_to_neighbour(each, page) for each in page.line]
    return section(
        "Where it is",
        facts(
            (
                ("Part of", " &rsaquo; ".join(line)),
                ("Installed in", installed),
                ("Serves in", _to_neighbour(page.fixture, page) if page.fixture else ""),
            )
        ),
    )


def _components(page: LandingPage) -> Iterator[str]:
    shown = page.components[:MOST_COMPONENTS]
    yield listed(
        f"{_to_neighbour(each, page)}" + (f' <span class="soft">{text(each.note)}</span>' if each.note else "")
        for each in shown
    )
    if len(page.components) > len(shown):
        yield f"<p>And {len(page.components) - len(shown)} more, which the record names.</p>"


def _related_elsewhere(page: LandingPage) -> Iterator[RelatedIdentifier]:
    """What is not shown as a neighbour or as the drawing already."""
    neighbours = (*page.line, *page.components, *((page.fixture,) if page.fixture else ()))
    shown = {each.persistent_id.value for each in neighbours if each.persistent_id}
    drawing = doi_of(page.drawing)
    for each in page.published.record.related_identifiers:
        if each.relation_type in (RelationType.HAS_COMPONENT, RelationType.IS_COMPONENT_OF):
            is_shown = each.related_identifier in shown
        else:
            is_shown = each.relation_type is RelationType.IS_DESCRIBED_BY and each.related_identifier == drawing
        if not is_shown:
            yield each


def _related(each: RelatedIdentifier) -> tuple[str, str]:
    """The relation, and a link to what is at its other end."""
    scheme, value = each.related_identifier_type, each.related_identifier
    url, shown = related_url(scheme, value), f"{scheme.value}: {value}"
    if each.related_identifier_name is None:
        return _RELATIONS[each.relation_type], link(url, shown)
    return _RELATIONS[each.relation_type], (
        f'{link(url, each.related_identifier_name)} <span class="soft">{text(shown)}</span>'
    )


def _to_neighbour(each: Neighbour, page: LandingPage) -> str:
    """A link to its own page, with its identifier beside; its name where it is not public."""
    if each.persistent_id is None:
        return text(each.name)
    own = page.published.record.landing_page.removesuffix(str(page.id)) + str(each.id)
    known = each.identifier
    return link(own, each.name) + (f" ({link(known, known)})" if known else "")


def _life(page: LandingPage) -> str:
    life = page.life
    rows = (f"{minute(each.at)} <span>{text(each.words)}</span>" for each in life.milestones)
    older = "<p>Older ones are in the record of the facility.</p>" if life.has_older else ""
    return section("Its life", listed(rows, "ol", "life"), older)


def _cite(page: LandingPage) -> str:
    if page.is_withdrawn:
        return section("How it was cited", f"<blockquote>{text(citation(page.published))}</blockquote>")
    return section("How to cite", f"<blockquote>{text(citation(page.published))}</blockquote>")


def _formats(page: LandingPage, when: When) -> str:
    forms = sorted(FORMS, key=lambda form: form.name not in _REFERENCES)
    rows = (link(place_of(page, form, when), form.title) for form in forms)
    return section("All formats", "<p>For reference managers and machines:</p>", listed(rows))


def _footer(page: LandingPage) -> str:
    address = page.published.record.landing_page
    return (
        f"<footer>\n<p>Lasting address of this page: {link(address, address)}</p>\n"
        f"<p>What this page tells may be used freely: {link(LICENSE, LICENSE_NAME)}.</p>\n</footer>"
    )
