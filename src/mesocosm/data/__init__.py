"""Raw sources become governed snapshots. Knows no YAML; meets other rooms through the catalog."""
