"""Records to be written down: one that says all that can be said, one that says the least, and any."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.published import UNKNOWN_PUBLISHER, PublishedRecord, Publisher
from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.equipment.values import AgentIdentifier, AlternateIdentifierKind, Term

PAGE = "https://cora.test/id/01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"

FULL = PublishedRecord(
    record=pidinst.PidinstRecord(
        identifier=pidinst.Identifier(identifier="10.5438/08qf-ee96", identifier_type="DOI"),
        landing_page=PAGE,
        name="Sample tower at 2-BM",
        owners=(
            pidinst.Owner(
                owner_name="Advanced Photon Source",
                owner_contact="equipment@aps.test",
                owner_identifier=pidinst.OwnerIdentifier(
                    owner_identifier="https://ror.org/02aj13c28", owner_identifier_type="ROR"
                ),
            ),
            pidinst.Owner(owner_name="Materials consortium"),
        ),
        manufacturers=(
            pidinst.Manufacturer(
                manufacturer_name="Aerotech & Söhne",
                manufacturer_identifier=pidinst.ManufacturerIdentifier(
                    manufacturer_identifier="Q107529885", manufacturer_identifier_type="Wikidata"
                ),
            ),
        ),
        model=pidinst.Model(
            model_name="ABRS <150>",
            model_identifier=pidinst.ModelIdentifier(
                model_identifier="ABRS-150MP-M-AS", model_identifier_type="PartNumber"
            ),
        ),
        description="Turns samples.\nSlowly.",
        instrument_types=(
            pidinst.InstrumentType(
                instrument_type_name="Rotation stage",
                instrument_type_identifier=pidinst.InstrumentTypeIdentifier(
                    instrument_type_identifier="http://vocab.test/L05/134", instrument_type_identifier_type="URL"
                ),
            ),
            pidinst.InstrumentType(instrument_type_name="Goniometer"),
        ),
        measured_variables=("angle", "torque"),
        dates=(
            pidinst.Date(date="2016-05-01", date_type="Commissioned"),
            pidinst.Date(date="2024-03-02", date_type="DeCommissioned"),
        ),
        related_identifiers=(
            pidinst.RelatedIdentifier(
                related_identifier="10.5438/whole",
                related_identifier_type=RelatedIdentifierScheme.DOI,
                relation_type=RelationType.IS_COMPONENT_OF,
                related_identifier_name="Tomography table",
            ),
            pidinst.RelatedIdentifier(
                related_identifier="21.11157/part",
                related_identifier_type=RelatedIdentifierScheme.HANDLE,
                relation_type=RelationType.HAS_COMPONENT,
                related_identifier_name="Kinematic top",
            ),
            pidinst.RelatedIdentifier(
                related_identifier="10.5438/drawing",
                related_identifier_type=RelatedIdentifierScheme.DOI,
                relation_type=RelationType.IS_DESCRIBED_BY,
            ),
            pidinst.RelatedIdentifier(
                related_identifier="https://campaigns.test/2026?leg=1",
                related_identifier_type=RelatedIdentifierScheme.URL,
                relation_type=RelationType.WAS_USED_IN,
                related_identifier_name="Campaign of 2026",
            ),
            pidinst.RelatedIdentifier(
                related_identifier="swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2",
                related_identifier_type=RelatedIdentifierScheme.SWHID,
                relation_type=RelationType.REFERENCES,
            ),
        ),
        alternate_identifiers=(
            pidinst.AlternateIdentifier(
                alternate_identifier="SN-4711", alternate_identifier_type=AlternateIdentifierKind.SERIAL_NUMBER
            ),
            pidinst.AlternateIdentifier(
                alternate_identifier="INV-0815",
                alternate_identifier_type=AlternateIdentifierKind.INVENTORY_NUMBER,
                alternate_identifier_name="Property office",
            ),
            pidinst.AlternateIdentifier(
                alternate_identifier="2bm:m1",
                alternate_identifier_type=AlternateIdentifierKind.OTHER,
                alternate_identifier_name="EPICS record",
            ),
        ),
        measurement_techniques=(
            pidinst.MeasurementTechnique(
                measurement_technique_name="tomography",
                measurement_technique_identifier=pidinst.MeasurementTechniqueIdentifier(
                    measurement_technique_identifier="http://purl.org/pan-science/PaNET/PaNET01203",
                    measurement_technique_identifier_type="PaNET",
                ),
            ),
        ),
        subjects=(
            pidinst.Subject(
                subject_name="beamline optics",
                subject_identifier=pidinst.SubjectIdentifier(
                    subject_identifier="http://vocab.test/optics", subject_identifier_type="Keywords"
                ),
            ),
            pidinst.Subject(subject_name="user facility"),
        ),
        complete=True,
        test=False,
    ),
    publisher=Publisher("Argonne National Laboratory", AgentIdentifier("https://ror.org/05gvnxz63", "ROR")),
    publication_year=2026,
    resolves=True,
    measured_quantities=(Term("angle", "http://qudt.org/vocab/quantitykind/Angle", "QUDT"), Term("torque")),
)

LEAST = PublishedRecord(
    record=pidinst.PidinstRecord(
        identifier=pidinst.Identifier(
            identifier="urn:uuid:01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f", identifier_type="URN"
        ),
        landing_page=PAGE,
        name="Tower",
        owners=(),
        manufacturers=(),
        complete=False,
        missing=(pidinst.Missing("Owner", "add one."), pidinst.Missing("Manufacturer", "bind a model.")),
        test=False,
    ),
    publisher=UNKNOWN_PUBLISHER,
    publication_year=1998,
    resolves=False,
)


def changed(published: PublishedRecord = FULL, **told: Any) -> PublishedRecord:
    """The same with other properties of the record."""
    return PublishedRecord(
        published.record.model_copy(update=told),
        published.publisher,
        published.publication_year,
        published.resolves,
        published.measured_quantities,
        published.further_model_identifier,
    )


TEST = replace(
    changed(identifier=pidinst.Identifier(identifier="10.0000/cora-stub/tower", identifier_type="DOI"), test=True),
    resolves=False,
)
BESIDE_A_TEST = changed(
    related_identifiers=(
        pidinst.RelatedIdentifier(
            related_identifier="10.0000/cora-stub/part",
            related_identifier_type=RelatedIdentifierScheme.DOI,
            relation_type=RelationType.HAS_COMPONENT,
        ),
    ),
    test=True,
)

_ODD = "\x00\x0b\x1f\x7f\x85\u2028\u202e\ufffe\uffff&<>\"'{}[]\\%#$_^~@|`\t\r\n é中\U0001f52c"
TEXTS = st.text(st.one_of(st.sampled_from(_ODD), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=30)
ADDRESSES = st.emails().filter(lambda address: "xn--" not in address.lower())
"""JSON Schema looks into names that are written in Punycode; made-up ones stand for no name."""
SCHEMES = st.one_of(st.sampled_from(["ROR", "ORCID", "ISNI", "GRID", "Wikidata", "DOI", "Handle", "URL", "URN"]), TEXTS)


def _built(part: Any, /, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    # Not `builds`: it would look for the members by their alias.
    return st.fixed_dictionaries(members).map(lambda told: part(**told))


def _identified(model: Any, prefix: str) -> st.SearchStrategy[Any]:
    return _built(model, **{prefix: TEXTS, f"{prefix}_type": SCHEMES})


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=3).map(tuple)


_URLS = st.one_of(TEXTS, TEXTS.map("https://vocab.test/{}".format))
_RECORDS = _built(
    pidinst.PidinstRecord,
    identifier=_built(pidinst.Identifier, identifier=TEXTS, identifier_type=st.sampled_from(["DOI", "Handle", "URN"])),
    landing_page=st.just(PAGE),
    name=TEXTS,
    owners=_few(
        _built(
            pidinst.Owner,
            owner_name=TEXTS,
            owner_contact=_maybe(ADDRESSES),
            owner_identifier=_maybe(_identified(pidinst.OwnerIdentifier, "owner_identifier")),
        )
    ),
    manufacturers=_few(
        _built(
            pidinst.Manufacturer,
            manufacturer_name=TEXTS,
            manufacturer_identifier=_maybe(_identified(pidinst.ManufacturerIdentifier, "manufacturer_identifier")),
        )
    ),
    model=_maybe(
        _built(
            pidinst.Model,
            model_name=TEXTS,
            model_identifier=_maybe(_identified(pidinst.ModelIdentifier, "model_identifier")),
        )
    ),
    description=_maybe(TEXTS),
    instrument_types=_few(
        _built(
            pidinst.InstrumentType,
            instrument_type_name=TEXTS,
            instrument_type_identifier=_maybe(
                _built(
                    pidinst.InstrumentTypeIdentifier,
                    instrument_type_identifier=_URLS,
                    instrument_type_identifier_type=SCHEMES,
                )
            ),
        )
    ),
    measured_variables=_few(TEXTS),
    dates=_few(
        _built(
            pidinst.Date,
            date=st.dates().map(str),
            date_type=st.sampled_from(["Commissioned", "DeCommissioned"]),
        )
    ),
    related_identifiers=_few(
        _built(
            pidinst.RelatedIdentifier,
            related_identifier=_URLS,
            related_identifier_type=st.sampled_from(RelatedIdentifierScheme),
            relation_type=st.sampled_from(RelationType),
            related_identifier_name=_maybe(TEXTS),
        )
    ),
    alternate_identifiers=_few(
        _built(
            pidinst.AlternateIdentifier,
            alternate_identifier=TEXTS,
            alternate_identifier_type=st.sampled_from(AlternateIdentifierKind),
            alternate_identifier_name=_maybe(st.one_of(TEXTS, st.just("DOI"))),
        )
    ),
    measurement_techniques=_few(
        _built(
            pidinst.MeasurementTechnique,
            measurement_technique_name=TEXTS,
            measurement_technique_identifier=_maybe(
                _built(
                    pidinst.MeasurementTechniqueIdentifier,
                    measurement_technique_identifier=_URLS,
                    measurement_technique_identifier_type=SCHEMES,
                )
            ),
        )
    ),
    subjects=_few(
        _built(
            pidinst.Subject,
            subject_name=TEXTS,
            subject_identifier=_maybe(
                _built(pidinst.SubjectIdentifier, subject_identifier=_URLS, subject_identifier_type=SCHEMES)
            ),
        )
    ),
    complete=st.booleans(),
    test=st.booleans(),
)
RECORDS = st.builds(
    PublishedRecord,
    record=_RECORDS,
    publisher=st.builds(Publisher, name=TEXTS, identifier=st.none()),
    publication_year=st.integers(1900, 9999),
    resolves=st.booleans(),
    measured_quantities=_few(st.builds(Term, name=TEXTS.map(lambda text: f"q{text!a}"))),
    further_model_identifier=_maybe(
        st.builds(AgentIdentifier, TEXTS.map(lambda text: f"i{text!a}"), st.sampled_from(["RRID", "url list", "ark"]))
    ),
)
"""Any record, with whatever characters."""
