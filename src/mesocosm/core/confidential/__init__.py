"""What may not be shown to everybody: secret values, values of rows, files of the owner alone."""
