"""One instrument as a beamline has it, made over HTTP: in a slot, with a maker, an owner, a past and an identifier."""

import httpx


async def publish_one(port: int, token: str) -> tuple[str, str]:
    """Make it; the id of the asset, and its identifier."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:

        async def post(path: str, **body: object) -> str:
            answer = await client.post(path, json=body)
            answer.raise_for_status()
            return str(answer.json()["id"])

        await post("/facilities", code="aps", name="Advanced Photon Source")
        angle = {"name": "angle"}
        family = await post("/families", name="RotaryStage", affordances=["Rotatable"], measured_variables=[angle])
        model = await post(
            "/models", name="ABRS-250MP", manufacturer={"name": "Aerotech"}, part_number="ABRS-250MP-M-AS",
            declared_family_ids=[family],
        )  # fmt: skip
        beamline = await post("/assets", name="2-BM", tier="Unit", facility_code="aps")
        asset = await post(
            "/assets", name="Rotary", tier="Device", parent_id=beamline, model_id=model, family_ids=[family],
            owners=[{"name": "Advanced Photon Source"}],
            alternate_identifiers=[{"kind": "SerialNumber", "value": "SN-7"}],
        )  # fmt: skip
        for part in ("Encoder", "Motor"):
            await post("/assets", name=part, tier="Device", parent_id=asset)
        await post(f"/assets/{asset}/activate")
        frame = await post("/frames", name="Hutch B")
        mount = await post("/mounts", slot_code="02-BM-B-ROT", placement={"parent_frame_id": frame})
        await post(f"/mounts/{mount}/install-asset", asset_id=asset)
        for what in ("fault", "restore"):
            await post(f"/assets/{asset}/{what}", reason="noise")
        assigned = await client.post(f"/assets/{asset}/assign-persistent-id", json={"scheme": "DOI"})
        assigned.raise_for_status()
        return asset, str(assigned.json()["value"])
