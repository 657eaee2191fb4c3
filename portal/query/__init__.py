"""Who matches: conditions over any field as of any day, counted, listed and grouped; asked once, used everywhere."""
