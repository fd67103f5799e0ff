"""Participants: admitted, signed in, suspended; and the gate that new business asks at."""
