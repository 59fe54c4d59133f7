"""Reports: health, models, explanations, what-if and lineage."""
