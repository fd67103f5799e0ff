"""What goes in and out over HTTP; separate from the tables, which don't validate."""
