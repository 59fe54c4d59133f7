"""Labels that came back: accuracy and the moment it changed."""
