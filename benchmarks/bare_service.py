"""The floor under every Python service: a Starlette endpoint that answers a constant."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def answer(_request: Request) -> JSONResponse:
    return JSONResponse({"id": "01a20b5f-4922-7302-ac3c-35ddded7fb46", "name": "Rotary"})


app = Starlette(routes=[Route("/", answer)])
