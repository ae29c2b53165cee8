"""Lists as tables: which sort is answered, which columns there are, and that nothing in them is run."""

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from tests.unit.surfaces.http.client import client, make_app

from cora.equipment.views import AGGREGATES
from cora.surfaces.spread import columns_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"
CSV = "text/csv; charset=utf-8"
DANGEROUS = ("=1+1", "+1", "-2+3", "@SUM(A1)", "=HYPERLINK(0)", "\uff1d1")
TIMES = ["began_at", "created_at", "recorded_at", "occurred_at"]


async def listed(app: FastAPI, query: str = "", accept: str | None = "text/csv") -> httpx.Response:
    async with client(app, "reader") as reader:
        return await reader.get(f"/facilities{query}", headers={"Accept": accept} if accept is not None else {})


async def with_facilities(*names: str) -> FastAPI:
    """An application with a facility of each name."""
    app = make_app()
    async with client(app) as admin:
        for number, name in enumerate(names):
            answer = await admin.post("/facilities", json={"code": f"f-{number}", "name": name})
            assert answer.status_code == 201
    return app


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    """The rows of a CSV file by the names of its columns."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, CSV)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV ; charset=utf-8", CSV),
        ("text/*", CSV),
        (XLSX, XLSX),
        (f"text/csv;q=0.5, {XLSX}", XLSX),
        (f"text/csv;q=0.5, {XLSX};q=0.4, {JSON};q=0.1", CSV),
        ("text/csv, application/json", JSON),
        ("text/csv, */*", CSV),
        ("*/*, text/csv;q=0.9", JSON),
        ("text/csv;q=0.9, */*;q=0.1", CSV),
        (f"{JSON};q=0, */*", CSV),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("text/csv;q=0", JSON),
        ("image/png", JSON),
        ("text/csv;q=much", JSON),
        ("text/csv;q=-1", JSON),
        ("", JSON),
        (";,/,;q=", JSON),
    ],
)
async def test_a_list_is_what_the_client_likes_best(accept: str | None, media_type: str) -> None:
    answer = await listed(await with_facilities("A"), accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["vary"] == "accept"
    kept = answer.headers.get("content-disposition")
    ending = {CSV: "csv", XLSX: "xlsx"}.get(media_type)
    assert kept == (f'attachment; filename="facilities.{ending}"' if ending else None)


async def test_a_row_holds_a_record_with_all_of_its_state() -> None:
    app = await with_facilities("Photon source, north")
    (row,) = rows(await listed(app))
    (record,) = (await listed(app, accept=JSON)).json()["items"]
    assert list(row) == [*record["state"], "record_version", *TIMES]
    assert list(row)[:3] == ["id", "code", "name"]
    assert (row["id"], row["code"], row["name"]) == (record["id"], "f-0", "Photon source, north")
    assert (row["record_version"], row["website"]) == ("1", "")
    assert [row[name] for name in TIMES] == [record[name] for name in TIMES]


async def test_a_table_is_narrowed_and_goes_on_as_a_list_does() -> None:
    app = await with_facilities("A", "B", "C")
    first = await listed(app, "?fields=name,id&limit=2")
    assert [row["name"] for row in rows(first)] == ["A", "B"]
    assert list(rows(first)[0]) == ["id", "name", "record_version", *TIMES]
    async with client(app, "reader") as reader:
        second = await reader.get(first.links["next"]["url"], headers={"Accept": "text/csv"})
    assert [row["name"] for row in rows(second)] == ["C"]
    assert "link" not in second.headers
    assert rows(await listed(app, "?name=nobody")) == []


async def test_what_is_wrong_is_a_problem_whatever_the_client_likes() -> None:
    answer = await listed(await with_facilities(), "?colour=red&limit=0")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert {each["pointer"] for each in answer.json()["errors"]} == {"/colour", "/limit"}


async def test_nothing_in_a_table_is_run() -> None:
    app = await with_facilities(*DANGEROUS)
    assert [row["name"] for row in rows(await listed(app))] == [f"'{name}" for name in DANGEROUS]
    book: Any = load_workbook(BytesIO((await listed(app, accept=XLSX)).content))
    assert book.sheetnames == ["facilities"]
    header, *cells = book.active.iter_rows()
    names = [cell.value for cell in header]
    column, version = names.index("name"), names.index("record_version")
    assert [row[column].value for row in cells] == [f"'{name}" for name in DANGEROUS]
    assert {cell.data_type for row in cells for cell in row if cell.value is not None} == {"s", "n"}
    assert {(row[version].value, row[version].data_type) for row in cells} == {(1, "n")}


async def test_what_is_nested_is_one_text() -> None:
    app = make_app()
    async with client(app) as admin:
        given = {"name": "Camera", "affordances": ["Imageable", "Binnable"], "term": {"name": "camera; CCD"}}
        assert (await admin.post("/families", json=given)).status_code == 201
        (row,) = rows(await admin.get("/families", headers={"Accept": "text/csv"}))
    assert set(row["affordances"].split(";")) == {"Imageable", "Binnable"}
    assert json.loads(row["term"])["name"] == "camera; CCD"


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda each: each.kind)
def test_no_two_columns_have_the_same_name(aggregate: Any) -> None:
    columns = columns_of(aggregate)
    assert len(set(columns.paths)) == len(columns.paths) == len(columns.header)
    assert {f"state.{name}" for name in aggregate.state.__dataclass_fields__} - set(columns.paths) == {"state.id"}
