"""What a file writes once and means elsewhere: environment variables and shared fields."""
