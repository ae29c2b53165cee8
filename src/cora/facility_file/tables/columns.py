"""The columns of each kind of table: what each says, and where that stands in an entry of a facility file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from cora.equipment.values import Affordance, DrawingSystem, ReferenceSurface, folded


class Sort(Enum):
    """How a cell is read."""

    TEXT = auto()
    NUMBER = auto()
    DAY = auto()
    LIST = auto()
    """Items with semicolons between them."""
    EACH = auto()
    """As many items as the column beside it has: one for each."""
    PORTS = auto()
    JSON = auto()
    VALUE = auto()
    """A number, true, false or text, as it looks; JSON text for anything else."""


@dataclass(frozen=True)
class Column:
    """One column. `path` leads to its place in the entry; for a list, `item` is the key of its items."""

    name: str
    path: tuple[str, ...]
    says: str
    example: str = ""
    sort: Sort = Sort.TEXT
    choices: tuple[str, ...] = ()
    is_required: bool = False
    item: str = ""
    beside: Mapping[str, str] = field(default_factory=dict[str, str])
    """What always stands beside the value."""
    clears: bool = False
    """Whether null in it clears the whole value that its path begins with."""


_SCHEME_OF_ROR = MappingProxyType({"scheme": "ROR"})
_REGISTERED = Column("registered", ("registered",), "When it was registered; left out, --occurred-at or today",
                     "2016-05-01", Sort.DAY)  # fmt: skip
_DESCRIPTION = Column("description", ("description",), "Free text", "Air-bearing rotary stage")
_DRAWING = (
    Column("drawing_number", ("drawing", "number"), "The drawing of it", "630C2125", clears=True),
    Column("drawing_system", ("drawing", "system"), "Where the drawing is kept", "EDMS", choices=tuple(DrawingSystem)),
    Column("drawing_revision", ("drawing", "revision"), "Its revision; left out, the latest", "02"),
)


def _was(what: str) -> Column:
    return Column("was", ("was",), f"Its older {what}, if it got another")


def _coordinate(name: str, says: str, example: str) -> Column:
    return Column(name, ("placement", name), says, example, Sort.NUMBER)


_ASSETS = (
    Column("name", ("name",), "Its name, unique among its siblings", "Rotary", is_required=True),
    Column("facility", ("facility",), "The code of the facility; for the roots of the tree only", "aps"),
    Column("parent", ("parent",), "The path of the asset it is part of, in this table or recorded: facility code, then "
           "names with slashes between them (a slash inside a name is doubled)", "aps/2-BM/SampleTable"),
    Column("tier", ("tier",), "Its ISA-88 tier; needed for what is new", "Device",
           choices=("Unit", "Component", "Device")),
    _DESCRIPTION,
    Column("model", ("model",), "Manufacturer/part number", "Aerotech/ABRS-250MP-M-AS"),
    Column("families", ("families",), "What it is: names of families", "RotaryStage", Sort.LIST),
    Column("serial_number", ("identifiers",), "Its serial number", "146853-A-1-1-X", Sort.LIST, item="value",
           beside={"kind": "SerialNumber"}),
    Column("inventory_number", ("identifiers",), "Its inventory number", "A-2041", Sort.LIST, item="value",
           beside={"kind": "InventoryNumber"}),
    Column("owner", ("owners",), "Who owns it; several with semicolons", "Argonne National Laboratory", Sort.LIST,
           item="name"),
    Column("owner_contact", ("owners", "contact"), "The e-mail address of each owner", "office@aps.example", Sort.EACH),
    Column("owner_ror", ("owners", "identifier", "value"), "The ROR of each owner", "https://ror.org/05gvnxz63",
           Sort.EACH, beside=_SCHEME_OF_ROR),
    Column("owner_identifier", ("owners", "identifier", "value"), "Another identifier of each owner", "", Sort.EACH),
    Column("owner_identifier_scheme", ("owners", "identifier", "scheme"), "What that identifier is", "", Sort.EACH),
    Column("ports", ("ports",), "Its connectors: name, direction and signal type, with semicolons between them",
           "pso_out Output TTL; gate Input TTL", Sort.PORTS),
    *_DRAWING,
    Column("controller", ("controller",), "The path of the asset that controls it", "aps/2-BM/RotaryDrive"),
    Column("lifecycle", ("lifecycle",), "Left out, what is new is Commissioned", "Active",
           choices=("Commissioned", "Active", "Maintenance")),
    Column("condition", ("condition", "state"), "How well it works", "Nominal",
           choices=("Nominal", "Degraded", "Faulted"), clears=True),
    Column("condition_reason", ("condition", "reason"), "Why; left out, --reason", "bearing worn"),
    Column("mount", ("mount",), "The slot code of the mount where it is installed; null uninstalls", "02-BM-B-ROT"),
    _REGISTERED,
    Column("commissioned", ("commissioned",), "When it went into service", "2016-07-15", Sort.DAY),
    Column("installed", ("installed",), "When it was installed in the mount", "2024-09-30", Sort.DAY),
    Column("persistent_id", ("persistent_id", "value"), "A DOI or Handle that it has already", "21.11157/abc"),
    Column("persistent_id_scheme", ("persistent_id", "scheme"), "Which of the two", "Handle",
           choices=("DOI", "Handle")),
    Column("assign_scheme", ("assign", "scheme"), "Have a DOI or Handle minted", "DOI", choices=("DOI", "Handle")),
    Column("assign_suffix", ("assign", "suffix"), "The end of it; left out, cora chooses one", "aps-2bm-rotary"),
    _was("path or name"),
    Column("settings", ("settings",), "All its settings as a JSON object, instead of columns 'settings.<name>'", "",
           Sort.JSON),
)  # fmt: skip

_MODELS = (
    Column("manufacturer", ("manufacturer", "name"), "Who made it", "Aerotech", is_required=True),
    Column("part_number", ("part_number",), "The part number of the maker", "ABRS-250MP-M-AS", is_required=True),
    Column("name", ("name",), "Its name; needed for what is new", "ABRS-250MP"),
    Column("families", ("families",), "What such a thing is: names of families, at least one", "RotaryStage",
           Sort.LIST),
    _DESCRIPTION,
    Column("website", ("website",), "A web page", "https://www.aerotech.example/abrs"),
    Column("manufacturer_ror", ("manufacturer", "identifier", "value"), "The ROR of the maker", "",
           beside=_SCHEME_OF_ROR),
    Column("manufacturer_identifier", ("manufacturer", "identifier", "value"), "Another identifier of the maker", ""),
    Column("manufacturer_identifier_scheme", ("manufacturer", "identifier", "scheme"), "What that identifier is", ""),
    Column("further_manufacturer", ("further_manufacturers",), "Who made it together with the maker; several with "
           "semicolons", "Argonne National Laboratory", Sort.LIST, item="name"),
    Column("further_manufacturer_ror", ("further_manufacturers", "identifier", "value"), "The ROR of each of them", "",
           Sort.EACH, beside=_SCHEME_OF_ROR),
    Column("further_manufacturer_identifier", ("further_manufacturers", "identifier", "value"),
           "Another identifier of each of them", "", Sort.EACH),
    Column("further_manufacturer_identifier_scheme", ("further_manufacturers", "identifier", "scheme"),
           "What that identifier is", "", Sort.EACH),
    Column("version", ("version",), "The version of this description", "2"),
    _REGISTERED,
    _was("manufacturer/part number"),
)  # fmt: skip

_FAMILIES = (
    Column("name", ("name",), "Its name", "RotaryStage", is_required=True),
    Column("description", ("description",), "Free text", "Turns a sample about an axis"),
    Column("affordances", ("affordances",), "What one can do with it", "Rotatable; Homeable", Sort.LIST,
           choices=tuple(Affordance)),
    Column("presents_as", ("presents_as",), "The roles that it fulfils: names", "Positioner", Sort.LIST),
    Column("term", ("term", "name"), "A term of a published vocabulary", "rotation stage", clears=True),
    Column("term_identifier", ("term", "identifier"), "The identifier of the term", ""),
    Column("term_scheme", ("term", "scheme"), "The vocabulary", ""),
    Column("measured_variables", ("measured_variables",), "What it measures", "temperature", Sort.LIST, item="name"),
    Column("measurement_techniques", ("measurement_techniques",), "How it measures", "X-ray tomography", Sort.LIST,
           item="name"),
    Column("settings_schema", ("settings_schema",), "The JSON Schema of the settings",
           '{"type":"object","properties":{"max_speed":{"type":"number"}}}', Sort.JSON),
    Column("version", ("version",), "The version of this description", "2"),
    _REGISTERED,
    _was("name"),
)  # fmt: skip

_MOUNTS = (
    Column("slot_code", ("slot_code",), "Its slot code", "02-BM-B-ROT", is_required=True),
    Column("frame", ("frame",), "The path of the frame it is placed in; needed for what is new", "Floor/Hutch B"),
    _coordinate("x", "mm along x; left out, what is new is at 0", "0"),
    _coordinate("y", "mm along y", "1400"),
    _coordinate("z", "mm along z", "50500"),
    _coordinate("rx", "rad about x", "0"),
    _coordinate("ry", "rad about y", "0"),
    _coordinate("rz", "rad about z", "1.5708"),
    *(_coordinate(f"tol_{axis}", f"The tolerance of {axis}", "") for axis in ("x", "y", "z", "rx", "ry", "rz")),
    Column("reference_surface", ("placement", "reference_surface"), "What of the thing stands there", "MountingFace",
           choices=tuple(ReferenceSurface)),
    Column("parent", ("parent",), "The slot code of the mount above it", "02-BM-B"),
    *_DRAWING,
    _REGISTERED,
    _was("slot code"),
)  # fmt: skip

KINDS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {"assets": _ASSETS, "models": _MODELS, "families": _FAMILIES, "mounts": _MOUNTS}
)
"""The kinds of tables, and their columns in the order of the template."""

FREE_COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "assets": (
            Column("settings.<name>", ("settings",), "One setting, as the schemas of its families declare it; a dot "
                   "leads into an object. Columns of this sort are added as needed", "720", Sort.VALUE),
            Column("identifier.<name>", ("identifiers",), "Another identifier; its name is what it is. Columns of this "
                   "sort are added as needed, such as 'identifier.EPICS PV'", "2bmb:m102", Sort.LIST, item="value"),
        )
    }
)  # fmt: skip
"""The columns that a table can have besides, named by whoever writes it."""

_ALONE = {"assets": "asset", "models": "model", "families": "family", "mounts": "mount"}
_SPACES = re.compile(r"[\s_-]+")


def column_named(kind: str, header: str) -> Column | None:
    """The column that a header means, whatever its case, spaces or underscores; None when there is none."""
    wanted = tidied(header)
    for column in KINDS[kind]:
        if column.name == wanted:
            return column
    prefix, dot, rest = header.strip().partition(".")
    rest = rest.strip()
    if kind != "assets" or not dot or not rest:
        return None
    match tidied(prefix):
        case "settings" if all(names := [name.strip() for name in rest.split(".")]):
            return Column(f"settings.{'.'.join(names)}", ("settings", *names), "", sort=Sort.VALUE)
        case "identifier":
            beside = {"kind": "Other", "name": rest}
            return Column(
                f"identifier.{folded(rest)}", ("identifiers",), "", sort=Sort.LIST, item="value", beside=beside
            )
        case _:
            return None


def tidied(header: str) -> str:
    """A header as the columns are written."""
    return _SPACES.sub("_", header.strip().casefold())


def kind_in(words: str) -> str | None:
    """The kind that a name of a file or a sheet tells, None when it tells none or several."""
    found = set(re.findall(r"[a-z]+", words.casefold()))
    told = [kind for kind, alone in _ALONE.items() if kind in found or alone in found]
    return told[0] if len(told) == 1 else None


def kind_by_header(headers: Iterable[str]) -> str | None:
    """The kind that knows the most of some headers; None when several know as many, or none knows one."""
    given = list(headers)
    known = {kind: sum(column_named(kind, each) is not None for each in given) for kind in KINDS}
    most = max(known.values())
    told = [kind for kind, count in known.items() if count == most]
    return told[0] if most and len(told) == 1 else None
