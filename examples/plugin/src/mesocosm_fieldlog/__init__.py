"""Kinds for logs of instruments in the field: one file and one entry point each."""
