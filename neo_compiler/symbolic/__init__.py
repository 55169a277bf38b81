"""Code that takes a dimension's size as it comes: what the code for several sizes has in common."""
