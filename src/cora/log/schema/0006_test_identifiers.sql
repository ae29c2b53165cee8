-- Who reads with SQL sees too which identifiers were made for trying things out and must not be cited.

create or replace view asset_summary as
select id, version, body ->> 'name' as name, body ->> 'tier' as tier, body ->> 'lifecycle' as lifecycle,
       body ->> 'condition' as condition, (body ->> 'parent_id')::uuid as parent_id,
       body ->> 'facility_code' as facility_code, (body ->> 'model_id')::uuid as model_id,
       (body ->> 'fixture_id')::uuid as fixture_id, body #>> '{persistent_id,value}' as persistent_id,
       (body ->> 'commissioned_at')::timestamptz as commissioned_at,
       (body ->> 'decommissioned_at')::timestamptz as decommissioned_at, recorded_at,
       (body #>> '{persistent_id,test}')::boolean as persistent_id_is_test
from document where kind = 'asset';

create or replace view fixture_summary as
select id, version, body ->> 'name' as name, (body ->> 'assembly_id')::uuid as assembly_id,
       body #>> '{persistent_id,value}' as persistent_id, (body ->> 'registered_at')::timestamptz as registered_at,
       (body ->> 'retired_at')::timestamptz as retired_at, recorded_at,
       (body #>> '{persistent_id,test}')::boolean as persistent_id_is_test
from document where kind = 'fixture';

create or replace view persistent_id_summary as
select id, version, body ->> 'scheme' as scheme, body ->> 'value' as value, body ->> 'status' as status,
       (body ->> 'subject_id')::uuid as subject_id, recorded_at, (body ->> 'test')::boolean as is_test
from document where kind = 'persistent_id';
