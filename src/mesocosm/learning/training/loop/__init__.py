"""Training by gradient: batches, steps, checkpoints, several processes."""
