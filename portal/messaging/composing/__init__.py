"""The check page: whom a message reaches, how it reads, what it costs, and that it goes out to exactly those."""
