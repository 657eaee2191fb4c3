"""The member: 44 fields, their history, and what is printed of them."""
