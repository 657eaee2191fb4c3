"""The posts of the union with their terms, and the offices that come and go with them."""
