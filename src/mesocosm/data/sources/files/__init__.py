"""Files of other formats: JSON, workbooks, Parquet, Delta and Iceberg."""
