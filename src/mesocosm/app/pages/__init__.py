"""What the pages of the console and of the world are sent: their files, and their sentences."""
