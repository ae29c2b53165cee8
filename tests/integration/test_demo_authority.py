"""The demo does not register its instruments with a real authority."""

import os
from pathlib import Path

import pytest

from cora.equipment.ports.authorities import UnfitMinterError
from cora.settings import Settings
from cora.surfaces.cli.serving import serve_until_stopped


async def test_the_demo_has_no_real_authority(tmp_path: Path, database_url: str) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        port=0,
        public_url="https://cora.facility.example",  # type: ignore[arg-type]
        datacite_repository="FACILITY.CORA",
        datacite_prefix="10.82433",
        datacite_password="unused",  # type: ignore[arg-type]
    )
    with pytest.raises(UnfitMinterError, match="for ever"):
        await serve_until_stopped(settings, example=tmp_path / "example.yaml")
    assert not os.listdir(tmp_path)  # noqa: PTH208
