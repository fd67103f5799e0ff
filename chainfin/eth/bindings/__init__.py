"""The contracts' acts, riders, batches and events in Python.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""
