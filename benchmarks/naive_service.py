"""What cora is compared with over HTTP: a plain FastAPI service with one table, no history, no token.

BENCH_DSN=postgresql://... uvicorn benchmarks.naive_service:app
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class Facility(BaseModel):
    id: UUID
    code: str
    name: str
    website: str | None = None


class NewFacility(BaseModel):
    code: str
    name: str
    website: str | None = None


@asynccontextmanager
async def lifespan(service: FastAPI) -> AsyncGenerator[None]:
    async with asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=10, max_size=10) as pool:
        await pool.execute(
            "create table if not exists facility (id uuid primary key, code text unique, name text, website text)"
        )
        service.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/facilities", status_code=201)
async def create(facility: NewFacility) -> Facility:
    made = Facility(id=uuid4(), **facility.model_dump())
    pool: Any = app.state.pool
    await pool.execute(
        "insert into facility (id, code, name, website) values ($1, $2, $3, $4)",
        made.id, made.code, made.name, made.website,
    )  # fmt: skip
    return made


@app.get("/facilities/{facility_id}")
async def read(facility_id: UUID) -> Facility:
    pool: Any = app.state.pool
    row = await pool.fetchrow("select id, code, name, website from facility where id = $1", facility_id)
    if row is None:
        raise HTTPException(404)
    return Facility(**dict(row))
