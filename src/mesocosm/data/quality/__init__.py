"""Data quality: rules, the account of rows and the report."""
