"""校内转会: a member passes from one branch to another; the union reviews, the receiving branch takes her over."""
