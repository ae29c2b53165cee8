"""Records of others (PIDINST, Handle records, DataCite) as facility files would have them.

files = await read_as_files(paths, Destination(("aps", "Imported instruments")), facility)
plan = await make_plan(files, facility)      # what is not kept is among plan.warnings
"""

from cora.facility_file.records.items import Destination
from cora.facility_file.records.make import read_as_files

__all__ = ["Destination", "read_as_files"]
