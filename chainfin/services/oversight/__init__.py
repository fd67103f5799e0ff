"""What an auditor asks for: evidence bundles, and chain, registry, book and bank held against each other."""
