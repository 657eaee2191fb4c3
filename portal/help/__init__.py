"""The manual: what each role does, in numbered steps, in the words of the pages."""
