"""Features of rows: tables, texts and splits."""
