"""Protocols that clients know: OpenAPI, the Open Inference Protocol, chat."""
