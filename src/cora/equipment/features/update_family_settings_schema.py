"""Say which settings the assets of a family have, as a JSON Schema (draft 2020-12), or null for none.

Stored settings stay as they are; the next update of an asset's settings must satisfy the schema.
"""

from uuid import UUID

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyCannotUpdateError,
    FamilySettingsSchemaUpdated,
    InvalidSettingsSchemaError,
    require_updatable,
)
from cora.equipment.json_schema import schema_problems
from cora.equipment.values import JsonObject
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class UpdateFamilySettingsSchema(Command):
    """The schema of the settings, or null."""

    family_id: UUID
    settings_schema: JsonObject | None


@decides(
    "POST /families/{family_id}/update-settings-schema",
    on=FAMILY,
    allow=Role.STEWARD,
    refuses=(FamilyCannotUpdateError, InvalidSettingsSchemaError),
)
def update_family_settings_schema(
    command: UpdateFamilySettingsSchema, family: Family
) -> list[FamilySettingsSchemaUpdated]:
    require_updatable(family)
    if command.settings_schema is not None:
        problems = schema_problems(command.settings_schema, "/settings_schema")
        if problems:
            raise InvalidSettingsSchemaError(problems)
    return [FamilySettingsSchemaUpdated(command.settings_schema)]
