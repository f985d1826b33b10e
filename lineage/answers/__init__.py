"""The three questions and the others: typed answers from library queries, a module each. Pure reasoning stands apart from asking."""
