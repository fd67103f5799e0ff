"""What every process stands on: the context, acts and signatures, keys in custody, what is on its way to the chain."""
