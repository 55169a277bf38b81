"""The commands of `neo`: one module each, with a function `run` that takes the parsed arguments."""
