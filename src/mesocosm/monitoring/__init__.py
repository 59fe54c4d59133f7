"""Monitors: what live requests and labels say of a model in service."""
