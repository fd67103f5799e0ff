"""What follows from an answer of a partner, an act's outcome or an event of the chain."""
