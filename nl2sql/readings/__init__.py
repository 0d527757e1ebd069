"""Which reading of a question is taken: alone, among several, after other questions, or none of them. Nothing here asks a model."""
