"""The API description in OpenAPI 3.0, for the API page: the Swagger UI at hand shows nothing newer."""

from typing import Any, cast


def as_openapi_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """The same description, its JSON Schemas said in the words of 3.0."""
    return {**_older(document), "openapi": "3.0.3"}


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    result = {key: _older(item) for key, item in given.items()}
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if isinstance(result.get("type"), list):
        names = [name for name in result["type"] if name != "null"]
        result |= {"type": names[0], "nullable": len(names) < len(result["type"])} if len(names) == 1 else {}
        if len(names) != 1:
            del result["type"]
    alternatives = result.get("anyOf")
    if isinstance(alternatives, list) and {"type": "null"} in alternatives:
        others = [each for each in cast("list[Any]", alternatives) if each != {"type": "null"}]
        del result["anyOf"]
        result |= {"allOf": others} if len(others) == 1 else {"anyOf": others}
        result["nullable"] = True
    if isinstance(result.get("prefixItems"), list):
        result["items"] = {"anyOf": result.pop("prefixItems")}
    if isinstance(result.get("examples"), list) and result["examples"]:
        result["example"] = result.pop("examples")[0]
    return result
