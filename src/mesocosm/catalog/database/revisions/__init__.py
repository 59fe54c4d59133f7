"""Revisions of the catalog's tables, one file each, in order; Alembic runs them."""
