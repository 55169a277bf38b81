"""What native code cannot do is found, and told, before anything is lowered."""
