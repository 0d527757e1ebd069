"""What was asked and decided, so that nobody can change it unseen: the log, its proofs, receipts and what they show of misuse."""
