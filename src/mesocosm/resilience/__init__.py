"""Injected faults and scenario tests."""
