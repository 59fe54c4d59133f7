"""Tasks, what a model predicts: one file or folder each; light to import."""
