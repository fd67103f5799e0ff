"""Pledges: filed with the registry, on chain, released, enforced, substituted, undertaken."""
