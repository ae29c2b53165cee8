"""The pages that identifiers lead to, for people and for machines."""
