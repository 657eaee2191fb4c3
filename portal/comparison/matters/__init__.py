"""拟办事项: what a comparison has led to, until somebody has done it or decided against it."""
