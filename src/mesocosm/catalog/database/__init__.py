"""The catalog's database: how it is opened, its tables and their migrations."""
