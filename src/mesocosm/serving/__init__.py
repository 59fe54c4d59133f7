"""Model versions become services that live. Knows no YAML; is handed the way to rebuild."""
