"""Claims: the paper's statements, what each is about, and the verdicts on them."""
