"""Messages: to whom, in what words, by which gateway, and whether they arrived."""
