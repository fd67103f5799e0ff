"""What is read for the API."""
