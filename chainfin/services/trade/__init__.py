"""Orders, receivables, their documents and the debtors' lines."""
