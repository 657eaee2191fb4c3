"""异议: a member does not agree with what an operator has made of her record."""
