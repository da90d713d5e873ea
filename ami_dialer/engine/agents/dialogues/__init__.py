"""What agents hear and press: one file for each dialogue."""
