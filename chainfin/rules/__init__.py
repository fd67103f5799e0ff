"""The rules of money, trade and pledge: values in; new values, postings and refusals out. No IO, no clock."""
