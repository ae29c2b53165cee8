"""The values of the domain (domain.md, section 2): what they are, and how they are checked.

Each is usable in a command, where it is checked and normalised, and in a state
or an event, where it is read back through the same checks; so every check
gives a value it has passed back unchanged.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from cora.equipment.identifiers import AGENT_SCHEMES, in_lower_case, normal_doi, normal_handle
from cora.kernel.contact import Contact, ContactId

_STRICT = ConfigDict(extra="forbid")
_LONGEST_JSON_NUMBER = 2**63 - 1
_DEEPEST_JSON = 32


def folded(text: str) -> str:
    """What two texts share that are equal ignoring case: NFC, then case folding, then NFC again."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


# White space of Unicode; `str.strip` alone would also take away the separators U+001C to U+001F.
_WHITE_SPACE = "".join(map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                                 0x205F, 0x3000)))  # fmt: skip
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _plain(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    trimmed = text.strip(_WHITE_SPACE)
    _refuse_unprintable(trimmed)
    if trimmed.isascii():
        return trimmed
    normal = unicodedata.normalize("NFC", trimmed)
    if all(unicodedata.category(character)[0] in "CZ" for character in normal):
        raise ValueError("holds nothing that can be seen")
    return normal


def _refuse_unprintable(text: str) -> None:
    if found := _UNPRINTABLE.search(text):
        if found[0] >= "\ud800":
            raise ValueError("holds half of a surrogate pair")
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}")


def _limited(longest: int, pattern: str | None = None) -> tuple[StringConstraints, BeforeValidator]:
    """NFC-normalised and trimmed, 1 to `longest` characters, none of them a control character."""
    # In this order the constraints are those of the text itself, and OpenAPI shows them.
    return StringConstraints(min_length=1, max_length=longest, pattern=pattern), BeforeValidator(_plain)


Name = Annotated[str, *_limited(200)]
Reason = Annotated[str, *_limited(500)]
Description = Annotated[str, *_limited(5000)]
Docstring = Annotated[str, *_limited(2000)]
Note = Annotated[str, *_limited(5000)]
Url = Annotated[str, *_limited(2000, r"^https?://[^\s/]+\S*$")]
Slug = Annotated[str, *_limited(32, "^[a-z0-9-]+$")]
PartNumber = Annotated[str, *_limited(200)]
SlotCode = Annotated[str, *_limited(200)]
SlotName = Annotated[str, *_limited(100, "^[A-Za-z0-9_-]+$")]
PortName = Annotated[str, *_limited(100, r"^\S+$")]
SignalType = Annotated[str, *_limited(50)]
OwnerName = Annotated[str, *_limited(255)]
VersionTag = Annotated[str, *_limited(100)]
IdentifierText = Annotated[str, *_limited(255)]


class Affordance(StrEnum):
    """What a thing lets one do with it. Closed; names are only ever added."""

    ROTATABLE = "Rotatable"
    TRANSLATABLE = "Translatable"
    HOMEABLE = "Homeable"
    LIMITABLE = "Limitable"
    CAPTURABLE = "Capturable"
    POSABLE = "Posable"
    INDEXABLE = "Indexable"
    FOLLOWING = "Following"
    LEADING = "Leading"
    IMAGEABLE = "Imageable"
    BINNABLE = "Binnable"
    CAPTURING = "Capturing"
    TRIGGERABLE = "Triggerable"
    GATEABLE = "Gateable"
    SYNCHRONIZABLE = "Synchronizable"
    MARKING = "Marking"
    PULSING = "Pulsing"
    STREAMABLE = "Streamable"
    BUFFERABLE = "Bufferable"
    COMPRESSIBLE = "Compressible"
    RECORDING = "Recording"
    COOLABLE = "Coolable"
    PID_CONTROLLABLE = "PIDControllable"
    SHUTTERABLE = "Shutterable"
    ATTENUABLE = "Attenuable"
    BENDABLE = "Bendable"
    IDENTIFIABLE = "Identifiable"
    REPORTABLE = "Reportable"
    CONSUMABLE = "Consumable"


def _in_order(values: Any) -> Any:
    """Each once, in order, so that equal sets are equal text."""
    return tuple(sorted(set(values)))


Affordances = Annotated[tuple[Affordance, ...], Field(max_length=100), AfterValidator(_in_order)]
"""A set of affordances."""

SignalTypes = Annotated[tuple[SignalType, ...], Field(max_length=100), AfterValidator(_in_order)]
"""A set of signal types."""


class DefinitionStatus(StrEnum):
    """Where the definition of a family, a model or an assembly stands."""

    DEFINED = "Defined"
    VERSIONED = "Versioned"
    DEPRECATED = "Deprecated"


class DrawingSystem(StrEnum):
    """Where a drawing is kept."""

    ICMS = "ICMS"
    EDMS = "EDMS"
    DOI = "DOI"
    OTHER = "Other"


@dataclass(frozen=True)
class Drawing:
    """A drawing of the thing; without a revision the latest is meant."""

    __pydantic_config__ = _STRICT
    system: DrawingSystem
    number: Annotated[str, *_limited(200)]
    revision: Annotated[str, *_limited(100)] | None = None


class IdentifierScheme(StrEnum):
    """The two schemes of persistent identifiers."""

    DOI = "DOI"
    HANDLE = "Handle"


@dataclass(frozen=True)
class PersistentIdentifier:
    """A DOI (kept in lower case) or a Handle. Equality ignores ASCII case: compare `key`."""

    __pydantic_config__ = _STRICT
    scheme: IdentifierScheme
    value: Annotated[str, *_limited(200)]

    def __post_init__(self) -> None:
        normal = normal_doi if self.scheme == IdentifierScheme.DOI else normal_handle
        object.__setattr__(self, "value", normal(self.value))

    @property
    def key(self) -> str:
        """The same for equal identifiers."""
        return f"{self.scheme}:{in_lower_case(self.value)}"


class AlternateIdentifierKind(StrEnum):
    """What an alternate identifier is (PIDINST 13.1)."""

    SERIAL_NUMBER = "SerialNumber"
    INVENTORY_NUMBER = "InventoryNumber"
    OTHER = "Other"


@dataclass(frozen=True)
class AlternateIdentifier:
    """Another identifier of the same instrument; `name` says what an `Other` is."""

    __pydantic_config__ = _STRICT
    kind: AlternateIdentifierKind
    value: Annotated[str, *_limited(200)]
    name: Name | None = None

    def __post_init__(self) -> None:
        if self.kind == AlternateIdentifierKind.OTHER and self.name is None:
            raise ValueError("an identifier of kind Other needs a name")


@dataclass(frozen=True)
class AgentIdentifier:
    """An identifier of an organisation, a person or a model. Known schemes are checked and normalised, others pass."""

    __pydantic_config__ = _STRICT
    value: IdentifierText
    scheme: Annotated[str, *_limited(64)]

    def __post_init__(self) -> None:
        known = AGENT_SCHEMES.get(self.scheme.casefold())
        if known is not None:
            scheme, normal = known
            object.__setattr__(self, "scheme", scheme)
            object.__setattr__(self, "value", normal(self.value))


@dataclass(frozen=True)
class Owner:
    """Who owns an asset. The e-mail address is kept apart, under `contact_id`."""

    __pydantic_config__ = _STRICT
    name: OwnerName
    contact_id: ContactId | None = None
    identifier: AgentIdentifier | None = None


@dataclass(frozen=True)
class OwnerGiven:
    """An owner as a command brings it, with the e-mail address."""

    __pydantic_config__ = _STRICT
    name: OwnerName
    contact: Contact | None = None
    identifier: AgentIdentifier | None = None

    def owner(self) -> Owner:
        """The owner as events and states hold it."""
        return Owner(self.name, self.contact.contact_id if self.contact else None, self.identifier)


@dataclass(frozen=True)
class Manufacturer:
    """Who made it."""

    __pydantic_config__ = _STRICT
    name: Name
    identifier: AgentIdentifier | None = None


class PortDirection(StrEnum):
    """Which way a signal goes, seen from the asset."""

    INPUT = "Input"
    OUTPUT = "Output"


@dataclass(frozen=True)
class Port:
    """A connector for one kind of signal."""

    __pydantic_config__ = _STRICT
    name: PortName
    direction: PortDirection
    signal_type: SignalType


@dataclass(frozen=True)
class Term:
    """A concept, with its identifier where a vocabulary publishes one."""

    __pydantic_config__ = _STRICT
    name: Name
    identifier: IdentifierText | None = None
    scheme: Annotated[str, *_limited(64)] | None = None

    def __post_init__(self) -> None:
        if (self.identifier is None) != (self.scheme is None):
            raise ValueError("identifier and scheme go together")


class ReferenceSurface(StrEnum):
    """The surface of a thing that its placement speaks of."""

    THERMAL_FACE = "ThermalFace"
    OPTIC_CENTER = "OpticCenter"
    SHIELDING_FACE = "ShieldingFace"
    MOUNTING_FACE = "MountingFace"


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError("must be finite")
    return value + 0.0  # a negative zero becomes zero


Coordinate = Annotated[float, AfterValidator(_finite)]
Tolerance = Annotated[float, Field(ge=0), AfterValidator(_finite)]


@dataclass(frozen=True)
class Placement:
    """Where something is in a frame: x, y, z in mm; rx, ry, rz in rad about fixed axes, x first; tolerances >= 0."""

    __pydantic_config__ = _STRICT
    parent_frame_id: UUID
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    z: Coordinate = 0.0
    rx: Coordinate = 0.0
    ry: Coordinate = 0.0
    rz: Coordinate = 0.0
    reference_surface: ReferenceSurface = ReferenceSurface.MOUNTING_FACE
    tol_x: Tolerance = 0.0
    tol_y: Tolerance = 0.0
    tol_z: Tolerance = 0.0
    tol_rx: Tolerance = 0.0
    tol_ry: Tolerance = 0.0
    tol_rz: Tolerance = 0.0
    units: Literal["SI_mm_rad"] = "SI_mm_rad"


class SlotCardinality(StrEnum):
    """How many assets fill a slot."""

    EXACTLY_1 = "Exactly1"
    ZERO_OR_ONE = "ZeroOrOne"
    ONE_OR_MORE = "OneOrMore"
    ZERO_OR_MORE = "ZeroOrMore"

    def admits(self, count: int) -> bool:
        """Whether so many assets may fill the slot."""
        least = 1 if self in (SlotCardinality.EXACTLY_1, SlotCardinality.ONE_OR_MORE) else 0
        most = 1 if self in (SlotCardinality.EXACTLY_1, SlotCardinality.ZERO_OR_ONE) else count
        return least <= count <= most


@dataclass(frozen=True)
class TemplateSlot:
    """A place in an assembly for assets of certain families."""

    __pydantic_config__ = _STRICT
    slot_name: SlotName
    required_family_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20), AfterValidator(_in_order)]
    cardinality: SlotCardinality = SlotCardinality.EXACTLY_1


@dataclass(frozen=True)
class TemplateWire:
    """A signal path between the ports of two slots."""

    __pydantic_config__ = _STRICT
    source_slot_name: SlotName
    source_port_name: PortName
    target_slot_name: SlotName
    target_port_name: PortName

    def __post_init__(self) -> None:
        source = (self.source_slot_name, self.source_port_name)
        if source == (self.target_slot_name, self.target_port_name):
            raise ValueError("the two ends of a wire must differ")


@dataclass(frozen=True)
class SlotAssetBinding:
    """An asset in a slot of a fixture."""

    __pydantic_config__ = _STRICT
    slot_name: SlotName
    asset_id: UUID


def _storable(value: Any, depth: int = 0) -> Any:
    """JSON that can be stored and read back as it was. Raises `ValueError`."""
    if depth > _DEEPEST_JSON:
        raise ValueError(f"is nested deeper than {_DEEPEST_JSON} levels")
    match value:
        case None | bool():
            return value
        case str():
            _refuse_unprintable(value)
            return value
        case int():
            if abs(value) > _LONGEST_JSON_NUMBER:
                raise ValueError("holds an integer of more than 64 bits")
            return value
        case float():
            return _finite(value)
        case list():
            return [_storable(item, depth + 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {_key(key): _storable(item, depth + 1) for key, item in value.items()}  # pyright: ignore
        case _:
            raise ValueError("is not JSON")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError("has a key that is not text")
    _refuse_unprintable(key)
    return key


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
"""Free JSON: finite numbers, integers of 64 bits, text without control characters, at most 32 levels."""
