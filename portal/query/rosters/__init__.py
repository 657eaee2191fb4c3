"""名单: a result frozen as of a day, checked by each branch, closed, and handed out as sheets to sign."""
