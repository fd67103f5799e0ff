"""Money, parties and business days: the values that all other modules are built on."""
