"""What the label of an asset or a fixture says: the identifier that leads to it, its name, serial and inventory number
(PIDINST white paper, on labels)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from cora.equipment.pidinst.published import identifier_url
from cora.equipment.values import AlternateIdentifierKind, IdentifierScheme

TEST_MARK = "TEST - do not cite"
WITHDRAWN_MARK = "WITHDRAWN"

# What QR codes hold in their compact mode (ISO/IEC 18004, alphanumeric), without what means something in a URL.
_COMPACT = re.compile(r"[0-9A-Z $%*+./:-]*")
_SAFE = "/:$*.-"
_ASCII_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SHORT = {AlternateIdentifierKind.SERIAL_NUMBER: "S/N", AlternateIdentifierKind.INVENTORY_NUMBER: "Inv."}


@dataclass(frozen=True)
class LabelText:
    """What is encoded, the ways to write the identifier, the best first, and what stands below."""

    code: str
    identifiers: tuple[str, ...]
    name: str
    notes: tuple[str, ...]
    mark: str | None


def label_text(
    name: str,
    page: str,
    identifier: tuple[str, str, bool] | None,
    alternates: Iterable[tuple[str, str]] = (),
    *,
    withdrawn: bool = False,
) -> LabelText:
    """The label of what has this name and this page.

    `identifier` is the scheme, the value and whether it is a test; `alternates` are kinds and values. `withdrawn` says
    whether the identifier was.
    """
    numbers: dict[str, list[str]] = {kind: [] for kind in _SHORT}
    for kind, value in alternates:
        if kind in numbers:
            numbers[kind].append(value)
    notes = tuple(f"{short} {', '.join(numbers[kind])}" for kind, short in _SHORT.items() if numbers[kind])
    if identifier is None:
        return LabelText(page, (page,), name, notes, None)
    scheme, value, is_test = identifier
    url = identifier_url(scheme, value) or value
    mark = WITHDRAWN_MARK if withdrawn else TEST_MARK if is_test else None
    return LabelText(compact_url(scheme, value), (url, value), name, notes, mark)


def compact_url(scheme: str, value: str) -> str:
    """The link of an identifier in the form that makes the smallest code.

    DOIs are the same in capitals, and so is the beginning of any link; a Handle keeps its letters.
    """
    if scheme == IdentifierScheme.DOI:
        return "HTTPS://DOI.ORG/" + _quoted(value.translate(_ASCII_UPPER))
    url = identifier_url(scheme, value) or value
    compact = "HTTPS://HDL.HANDLE.NET/" + _quoted(value)
    return compact if scheme == IdentifierScheme.HANDLE and _COMPACT.fullmatch(compact) else url


def _quoted(value: str) -> str:
    # Two that a URL may hold as they are, and the compact mode does not.
    return quote(value, safe=_SAFE).replace("_", "%5F").replace("~", "%7E")
