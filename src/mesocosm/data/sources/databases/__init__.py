"""Tables of database servers and files."""
