"""信息变更: what a member asks to have changed, until the branch and the union have agreed or said why not."""
