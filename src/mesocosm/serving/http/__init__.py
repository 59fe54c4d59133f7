"""The gateway's HTTP: connections, bodies, problems and its log."""
