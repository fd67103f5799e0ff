"""Money, parties and business days: the values that everything else is said in."""
