"""Rules that hold a plan against the words of the question, by subject. ``nl2sql.said.rules`` applies them."""
