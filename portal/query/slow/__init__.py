"""后台查询: a question that takes too long for a page is asked by the clock, and its answer kept."""
