"""人事名单比对: the personnel office's list beside the members, what differs, and what becomes of each difference."""
