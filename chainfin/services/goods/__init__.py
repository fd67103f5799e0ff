"""Goods at a keeper: warehouse receipts, their prices, and how much of them may go."""
