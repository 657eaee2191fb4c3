"""The hall: the first page, the notices, and the door that every plain step goes through."""
