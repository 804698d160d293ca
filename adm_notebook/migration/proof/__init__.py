"""Both sides run on the user's data and compared, and why they differ."""
