"""Export: whom a question has found, as a file with its definition; what holds secrets waits for a second person."""
