"""The installation put together: what one process runs, how it is opened to be read, and its housekeeping."""
