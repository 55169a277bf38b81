"""What is constant, and the shape of what is not, known before anything runs."""
