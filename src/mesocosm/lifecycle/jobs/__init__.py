"""Work that changes the store: train, retrain, erase, expire, deploy."""
