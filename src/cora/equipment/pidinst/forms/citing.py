"""For reference lists: CSL-JSON, BibTeX and a plain citation. Each names the instrument like a work of its maker."""

import re
from typing import Any

from cora.equipment.pidinst.forms.form import Form, untold
from cora.equipment.pidinst.forms.writing import as_json, fit, keywords, on_one_line, remarks
from cora.equipment.pidinst.published import PublishedRecord

_SAYS = "A reference has no place for it."
_CITED = frozenset({"Identifier", "Name", "Manufacturer"})
_DESCRIBED = _CITED | {"Description", "InstrumentType", "MeasuredVariable", "MeasurementTechnique", "Subject"}

_BIBTEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "$": r"\$",
    "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


def csl(published: PublishedRecord) -> dict[str, Any]:
    """An item as citation processors take it (CSL-JSON 1.0). CSL has no type for instruments."""
    record = published.record
    told: dict[str, Any] = {
        "id": record.identifier.identifier,
        "type": "document",
        "title": record.name,
        "author": [{"literal": name} for name in _makers(published)],
        "publisher": published.publisher.name,
        "issued": {"date-parts": [[published.publication_year]]},
        "DOI": published.doi,
        "URL": published.uri,
        "genre": "Instrument",
        "keyword": ", ".join(keywords(record)),
        "abstract": record.description,
        "note": " ".join(remarks(published)),
    }
    return {name: value for name, value in told.items() if value}


def bibtex(published: PublishedRecord) -> str:
    """An entry for LaTeX, in UTF-8."""
    record = published.record
    told: dict[str, str | None] = {
        "author": " and ".join(f"{{{_escaped(name)}}}" for name in _makers(published)),
        "title": f"{{{_escaped(record.name)}}}",
        "publisher": _escaped(published.publisher.name),
        "year": f"{published.publication_year:04}",
        "type": "Instrument",
        "doi": None if published.doi is None else _verbatim(published.doi),
        "url": _verbatim(published.uri),
        "keywords": ", ".join(f"{{{each}}}" if "," in each else each for each in map(_escaped, keywords(record))),
        "abstract": None if record.description is None else _escaped(record.description),
        "note": _escaped(" ".join(remarks(published))),
    }
    key = re.sub(r"[^A-Za-z0-9:./-]+", "-", record.identifier.identifier)
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in told.items() if value)
    return f"@misc{{{key}{lines}\n}}\n"


def citation(published: PublishedRecord) -> str:
    """One line, in the order that DataCite recommends: creator (year). Title. Publisher. (Type). Identifier.

    Where nobody is known to have made it, its title comes first.
    """
    record = published.record
    title, year = on_one_line(record.name), f"({published.publication_year:04})"
    makers = "; ".join(map(on_one_line, _makers(published)))
    begins = f"{makers} {year}. {title}." if makers else f"{title}. {year}."
    told = f"{begins} {on_one_line(published.publisher.name)}. (Instrument). {published.uri}"
    if not published.resolves:
        own = record.identifier
        told += f" ({own.identifier_type}: {on_one_line(own.identifier)})"
    return " ".join((told, *(f"[{on_one_line(each)}]" for each in remarks(published))))


def _makers(published: PublishedRecord) -> list[str]:
    return [each.manufacturer_name for each in published.record.manufacturers]


def _escaped(text: str) -> str:
    return "".join(_BIBTEX.get(each, each) for each in on_one_line(text))


def _verbatim(text: str) -> str:
    """What stands unread between braces, which may hold no brace of its own."""
    return on_one_line(text).replace("\\", "%5C").replace("{", "%7B").replace("}", "%7D")


CSL = Form(
    name="csl.json",
    title="CSL-JSON",
    media_type="application/vnd.citationstyles.csl+json",
    asked_for_as=("application/vnd.citationstyles.csl+json",),
    render=lambda published: as_json(csl(published)),
    loss=lambda published: untold(published, _DESCRIBED, _SAYS),
)
BIBTEX = Form(
    name="bibtex.bib",
    title="BibTeX",
    media_type="application/x-bibtex",
    asked_for_as=("application/x-bibtex",),
    render=lambda published: fit(bibtex(published)).encode(),
    loss=lambda published: untold(published, _DESCRIBED, _SAYS),
)
CITATION = Form(
    name="citation.txt",
    title="Citation",
    media_type="text/plain",
    asked_for_as=("text/x-bibliography", "text/plain"),
    render=lambda published: fit(citation(published)).encode() + b"\n",
    loss=lambda published: untold(published, _CITED, _SAYS),
)
