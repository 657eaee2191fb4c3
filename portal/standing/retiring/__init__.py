"""拟退休清单: who reaches the age soon, and one act by which the papers of many begin. Nothing happens by itself."""
