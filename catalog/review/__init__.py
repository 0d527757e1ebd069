"""What people say about answers, and what became of it in review: verified queries and feedback."""
