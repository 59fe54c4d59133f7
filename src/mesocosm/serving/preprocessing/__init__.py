"""Raw rows of a request prepared as the build prepared the training rows."""
