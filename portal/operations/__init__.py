"""What is done at the shell by whoever looks after the machine: examine, back up, restore, carry elsewhere."""
