"""口径: questions that are saved with their words, run anew each time, and never wider than who asks may see."""
