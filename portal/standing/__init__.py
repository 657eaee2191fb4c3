"""会籍变动: leaving, retiring, coming back, death, expulsion, correction: asked for, decided, done on its day."""
