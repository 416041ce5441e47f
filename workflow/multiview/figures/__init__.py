"""The figures, one file each: a function from tables to a matplotlib figure. They load no network."""
