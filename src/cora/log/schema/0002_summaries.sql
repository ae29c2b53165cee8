-- Views for people who ask with SQL: one row per record of a kind, current state.

create view facility_summary as
select id, version, body ->> 'code' as code, body ->> 'name' as name, body ->> 'website' as website, recorded_at
from document where kind = 'facility';

create view family_summary as
select id, version, body ->> 'name' as name, body ->> 'status' as status, body ->> 'version' as tag, recorded_at
from document where kind = 'family';

create view role_summary as
select id, version, body ->> 'name' as name, recorded_at
from document where kind = 'role';

create view model_summary as
select id, version, body ->> 'name' as name, body #>> '{manufacturer,name}' as manufacturer,
       body ->> 'part_number' as part_number, body ->> 'status' as status, recorded_at
from document where kind = 'model';

create view asset_summary as
select id, version, body ->> 'name' as name, body ->> 'tier' as tier, body ->> 'lifecycle' as lifecycle,
       body ->> 'condition' as condition, (body ->> 'parent_id')::uuid as parent_id,
       body ->> 'facility_code' as facility_code, (body ->> 'model_id')::uuid as model_id,
       (body ->> 'fixture_id')::uuid as fixture_id, body #>> '{persistent_id,value}' as persistent_id,
       (body ->> 'commissioned_at')::timestamptz as commissioned_at,
       (body ->> 'decommissioned_at')::timestamptz as decommissioned_at, recorded_at
from document where kind = 'asset';

create view frame_summary as
select id, version, body ->> 'name' as name, (body ->> 'parent_id')::uuid as parent_id, body ->> 'status' as status,
       recorded_at
from document where kind = 'frame';

create view mount_summary as
select id, version, body ->> 'slot_code' as slot_code, (body ->> 'parent_id')::uuid as parent_id,
       (body ->> 'installed_asset_id')::uuid as installed_asset_id,
       (body ->> 'installed_at')::timestamptz as installed_at, body ->> 'status' as status, recorded_at
from document where kind = 'mount';

create view assembly_summary as
select id, version, body ->> 'name' as name, body ->> 'content_hash' as content_hash, body ->> 'status' as status,
       recorded_at
from document where kind = 'assembly';

create view fixture_summary as
select id, version, body ->> 'name' as name, (body ->> 'assembly_id')::uuid as assembly_id,
       body #>> '{persistent_id,value}' as persistent_id, (body ->> 'registered_at')::timestamptz as registered_at,
       (body ->> 'retired_at')::timestamptz as retired_at, recorded_at
from document where kind = 'fixture';

create view persistent_id_summary as
select id, version, body ->> 'scheme' as scheme, body ->> 'value' as value, body ->> 'status' as status,
       (body ->> 'subject_id')::uuid as subject_id, recorded_at
from document where kind = 'persistent_id';

grant select on
    facility_summary, family_summary, role_summary, model_summary, asset_summary, frame_summary, mount_summary,
    assembly_summary, fixture_summary, persistent_id_summary to cora_app;
