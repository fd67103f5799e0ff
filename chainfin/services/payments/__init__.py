"""Money that comes in and goes out: taken in, allocated, paid out, given back."""
