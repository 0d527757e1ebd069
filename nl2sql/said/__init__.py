"""Rules that hold a plan against the words of the question, by subject. ``nl2sql.plan_said`` applies them."""
