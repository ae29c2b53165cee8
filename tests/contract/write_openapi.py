"""The API description that is checked in. After a change that is meant, write it anew:

.venv/bin/python -m tests.contract.write_openapi
"""

import json
from pathlib import Path
from typing import Any

from cora.equipment.views import VIEWS
from cora.equipment.wire import equipment_slices
from cora.surfaces.http.openapi import openapi_document

CHECKED_IN = Path(__file__).with_name("openapi.json")


def described() -> dict[str, Any]:
    """The description as the declarations have it now."""
    return openapi_document(equipment_slices(), VIEWS)


def text_of(document: dict[str, Any]) -> str:
    """As it is kept in the file: indented, so that differences can be read."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    CHECKED_IN.write_text(text_of(described()), encoding="utf-8")
