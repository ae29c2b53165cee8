"""Labels of the example beamline: over HTTP, and sheets of them by the command line, beside and through a server."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
import zxingcpp
from lxml import etree
from PIL import Image
from tests.architecture.source import REPOSITORY
from tests.integration.mcp_world import serving
from typer.testing import CliRunner, Result

from cora.kernel.principal import Role
from cora.surfaces.cli.main import app
from cora.surfaces.start import Opened

EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"
ROTARY = "aps/2-BM/SampleTable/Hexapod/LaminographyPitch/Rotary"


@dataclass(frozen=True)
class Hall:
    """The example beamline, and the two ways to it."""

    database: dict[str, str]
    server: dict[str, str]

    async def cora(self, *arguments: str, code: int = 0, beside: bool = False) -> Result:
        env = self.database if beside else self.server
        told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
        assert told.exit_code == code, told.output
        return told

    async def get(self, path: str, *, role: bool = True, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.server['CORA_TOKEN']}"} if role else {}
        async with httpx.AsyncClient(base_url=self.server["CORA_SERVER"], headers=headers) as web:
            return await web.get(path, params=query)

    async def asset(self, path: str) -> dict[str, Any]:
        return (await self.get(f"/assets/by-path/{path}")).json()


@pytest.fixture(scope="module")
async def hall(
    module_cora: Opened, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Hall]:
    data_dir = str(tmp_path_factory.mktemp("elsewhere"))
    database = {"CORA_DATABASE_URL": module_database_url, "CORA_DATA_DIR": data_dir, "COLUMNS": "500"}
    with pytest.MonkeyPatch.context() as patch:
        # The server runs in this process, where its log lines would stand among what the commands print.
        patch.setattr("cora.surfaces.http.surface._logger", Mock())
        async with serving(module_cora) as running:
            server = {"CORA_SERVER": running.url, "CORA_TOKEN": running.bearers[Role.ADMIN], "COLUMNS": "500"}
            hall = Hall(database, server)
            await hall.cora("apply", str(EXAMPLE))
            yield hall


def decoded(picture: bytes) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(Image.open(BytesIO(picture)))]


async def test_a_label_leads_to_the_identifier_or_to_the_page(hall: Hall) -> None:
    asset = await hall.asset(ROTARY)
    id, known = asset["id"], asset["state"]["persistent_id"]
    if known is None:
        page = f"http://127.0.0.1:8000/id/{id}"
        assert decoded((await hall.get(f"/assets/{id}/label.png")).content) == [page]
        async with httpx.AsyncClient(
            base_url=hall.server["CORA_SERVER"], headers={"Authorization": f"Bearer {hall.server['CORA_TOKEN']}"}
        ) as web:
            answer = await web.post(f"/assets/{id}/assign-persistent-id", json={"scheme": "DOI"})
            assert answer.is_success, answer.text
        known = (await hall.asset(ROTARY))["state"]["persistent_id"]
    for layout in ("roll-62x29", "avery-l4731", "avery-l7160"):
        picture = await hall.get(f"/assets/{id}/label.png", layout=layout)
        assert picture.headers["content-type"] == "image/png"
        assert decoded(picture.content) == [f"HTTPS://DOI.ORG/{known['value'].upper()}"]
    drawing = etree.fromstring((await hall.get(f"/assets/{id}/label.svg")).content)
    told = " ".join(each.text or "" for each in drawing.iter("{*}text"))
    assert known["value"] in told
    assert "Rotary" in told
    assert "TEST - do not cite" in told
    page = await hall.get(f"/assets/{id}/label.pdf")
    assert page.headers["content-type"] == "application/pdf"
    assert page.content.startswith(b"%PDF-")


async def test_a_withdrawn_identifier_is_marked(hall: Hall, tmp_path: Path) -> None:
    path = "aps/2-BM/PropagationDistanceDrive"
    id = (await hall.asset(path))["id"]
    files = tmp_path / "before.pdf", tmp_path / "after.pdf"
    async with httpx.AsyncClient(
        base_url=hall.server["CORA_SERVER"], headers={"Authorization": f"Bearer {hall.server['CORA_TOKEN']}"}
    ) as web:
        assigned = await web.post(f"/assets/{id}/assign-persistent-id", json={"scheme": "DOI"})
        assert assigned.is_success, assigned.text
        await hall.cora("labels", "--under", path, "--out", str(files[0]))
        known = await web.get(f"/persistent-ids/DOI/{assigned.json()['value']}")
        done = await web.post(f"/persistent-ids/{known.json()['id']}/withdraw", json={"reason": "registered twice"})
        assert done.is_success, done.text
    drawing = etree.fromstring((await hall.get(f"/assets/{id}/label.svg")).content)
    assert "WITHDRAWN" in [each.text for each in drawing.iter("{*}text")]
    await hall.cora("labels", "--under", path, "--out", str(files[1]))
    assert files[0].read_bytes() != files[1].read_bytes()


async def test_what_cannot_be_labelled_is_refused(hall: Hall) -> None:
    id = (await hall.asset(ROTARY))["id"]
    assert (await hall.get(f"/assets/{id}/label.svg", role=False)).status_code == 401
    assert (await hall.get("/assets/00000000-0000-7000-8000-000000000000/label.svg")).status_code == 404
    assert (await hall.get(f"/assets/{id}/label.gif")).status_code == 404
    assert (await hall.get(f"/assets/{id}/label.png", layout="a3")).status_code == 422
    assert (await hall.get(f"/assets/{id}/label.png", size="1")).status_code == 422
    assert (await hall.get("/assets/rotary/label.png")).status_code == 422


async def test_sheets_are_the_same_beside_and_through_a_server(hall: Hall, tmp_path: Path) -> None:
    files = [tmp_path / "server.pdf", tmp_path / "beside.pdf"]
    told = await hall.cora("labels", "--under", "aps/2-BM", "--out", str(files[0]))
    other = await hall.cora("labels", "--under", "aps/2-BM", "--out", str(files[1]), beside=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert told.stdout.replace(str(files[0]), "") == other.stdout.replace(str(files[1]), "")
    assert re.fullmatch(r"[0-9]+ labels on 1 page of avery-l4731: \S+\n", told.stdout)
    assert "lead to http://127.0.0.1:8000/id/..., which only this machine can reach: set CORA_PUBLIC_URL" in told.stderr
    facility = await hall.cora("labels", "--under", "aps", "--out", str(files[0]))
    assert facility.stdout.split()[0] == told.stdout.split()[0]
    assert "FacilityNotFound" in (await hall.cora("labels", "--under", "sap", "-o", str(files[0]), code=1)).stderr


async def test_families_and_places_narrow_a_sheet(hall: Hall, tmp_path: Path) -> None:
    file = str(tmp_path / "labels.pdf")
    families = (await hall.get("/families", limit="1")).json()["items"]
    told = await hall.cora("labels", "--family", families[0]["state"]["name"], "--layout", "roll-62x29", "-o", file)
    number = int(told.stdout.split()[0])
    listed = (await hall.get("/assets", family_ids=families[0]["id"], count="true")).json()["count"]
    assert number == listed
    told = await hall.cora("labels", "--under", ROTARY, "--layout", "avery-l7160", "--start", "21", "-o", file)
    assert told.stdout.endswith(f"of avery-l7160: {file}\n")
    refused = await hall.cora("labels", "--layout", "avery-l7160", "--start", "22", "-o", file, code=2)
    assert "has 21 places" in refused.output
    nobody = await hall.cora("labels", "--under", "aps/nowhere", "-o", str(tmp_path / "none.pdf"), code=1)
    assert "nowhere" in nobody.output
    assert not (tmp_path / "none.pdf").exists()
    assert "cannot be written" in (await hall.cora("labels", "-o", str(tmp_path / "no" / "where.pdf"), code=1)).output
    assert "QR code" in (await hall.cora("labels", "--help")).output
