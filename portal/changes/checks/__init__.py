"""信息核对: once a term the union asks each branch whether the records of its members are right."""
