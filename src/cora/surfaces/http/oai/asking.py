"""What a harvester asks: the verb and its arguments, read strictly (sections 3.1.1 and 3.6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cora.kernel.harvest import Asked

Code = Literal[
    "badArgument",
    "badResumptionToken",
    "badVerb",
    "cannotDisseminateFormat",
    "idDoesNotExist",
    "noMetadataFormats",
    "noRecordsMatch",
]

_LONGEST = 4000
"""Characters of one argument."""
_SHOWN = 80

_PREFIX = re.compile(r"[A-Za-z0-9\-_.!~*'()]+")
_SET = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(:[A-Za-z0-9\-_.!~*'()]+)*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class OaiError(Exception):
    """An error of the protocol (section 3.6); it is answered, not raised further."""

    def __init__(self, code: Code, says: str) -> None:
        super().__init__(says)
        self.code: Code = code
        self.says = says


@dataclass(frozen=True)
class Arguments:
    """What a verb takes. `alone` is one that comes without any other."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    alone: str | None = None


_LIST = Arguments(("metadataPrefix",), ("from", "until", "set"), "resumptionToken")

VERBS: Mapping[str, Arguments] = {
    "Identify": Arguments(),
    "ListMetadataFormats": Arguments(optional=("identifier",)),
    "ListSets": Arguments(alone="resumptionToken"),
    "GetRecord": Arguments(("identifier", "metadataPrefix")),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
}


def read_arguments(given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The arguments by their names, the verb first. Raises `OaiError` for what section 3.6 calls illegal."""
    verbs = given.get("verb", ())
    if len(verbs) != 1 or verbs[0] not in VERBS:
        raise OaiError("badVerb", f"One verb is needed, one of {', '.join(VERBS)}.")
    known, arguments = VERBS[verbs[0]], {"verb": verbs[0]}
    for name, values in given.items():
        if name == "verb":
            continue
        if name not in (*known.required, *known.optional, known.alone):
            raise OaiError("badArgument", f"{verbs[0]} takes no argument {name[:_SHOWN]!r}.")
        if len(values) > 1:
            raise OaiError("badArgument", f"{name} is given twice.")
        arguments[name] = values[0]
    if known.alone in arguments:
        if len(arguments) > 2:
            raise OaiError("badArgument", f"{known.alone} comes with no other argument but the verb.")
    elif missing := [name for name in known.required if name not in arguments]:
        raise OaiError("badArgument", f"{verbs[0]} needs {' and '.join(missing)}.")
    for name, text in arguments.items():
        _require_legal(name, text)
    return arguments


def read_asked(arguments: Mapping[str, str]) -> Asked:
    """Which records are meant (section 2.7). Raises `OaiError`."""
    since, until = arguments.get("from"), arguments.get("until")
    if since is not None and until is not None and len(since) != len(until):
        raise OaiError("badArgument", "from and until must have the same granularity.")
    begin = None if since is None else _moment("from", since)
    end = None if until is None else _moment("until", until)
    if begin is not None and end is not None and begin > end:
        raise OaiError("badArgument", "from must not be later than until.")
    if end is not None and until is not None:
        # What is named is meant as a whole, to its end.
        whole = timedelta(days=1) if _DAY.fullmatch(until) else timedelta(seconds=1)
        end = end + whole if end < datetime.max.replace(tzinfo=UTC) - whole else None
    return Asked(begin, end, arguments.get("set"))


def _require_legal(name: str, text: str) -> None:
    match name:
        case "metadataPrefix":
            legal = _PREFIX.fullmatch(text)
        case "set":
            legal = _SET.fullmatch(text)
        case "identifier":
            legal = _URI.fullmatch(text)
        case "from" | "until":
            legal = _DAY.fullmatch(text) or _SECOND.fullmatch(text)
        case _:
            return
    if legal is None or len(text) > _LONGEST:
        says = "; write YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ" if name in ("from", "until") else ""
        raise OaiError("badArgument", f"{text[:_SHOWN]!r} is no legal {name}{says}.")


def _moment(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d" if len(text) == 10 else "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise OaiError("badArgument", f"{text!r} is no date; see {name}.") from None
