"""The double-entry book and the loans kept in it."""
