"""Requests of a service: fields checked, rows refused, labels received."""
