"""Evaluation: metrics, baselines, diagnostics and the model card."""
