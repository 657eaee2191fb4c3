"""Who judges proposals and who answers them: the committee of a congress, the departments and their people."""
