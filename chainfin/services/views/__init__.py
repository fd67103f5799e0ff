"""What services hand out: values, made of rows within the transaction, with the fields that somebody may see of them.

Above this room nobody needs a table to show a thing; a key, a sealed text or another's account is in no view.
"""
