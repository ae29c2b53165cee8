"""Tables (CSV, XLSX) as another way to write a facility file: each row an entry, each cell with its place.

files = read_tables(paths, kind, defaults)      # then make_plan and apply_plan, as for any facility file
"""

from cora.facility_file.tables.columns import KINDS
from cora.facility_file.tables.read import read_tables
from cora.facility_file.tables.template import template

__all__ = ["KINDS", "read_tables", "template"]
