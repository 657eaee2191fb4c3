"""通知公告: published to groups, read by members, with the list of who has not read yet."""
