"""Who signs in: accounts and their grants, opened level by level, and decisions lent for some days."""
