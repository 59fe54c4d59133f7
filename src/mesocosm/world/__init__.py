"""The living state becomes places people enter. Knows records, no engines."""
