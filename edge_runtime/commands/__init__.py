"""What `edge-runtime` does, and how it reads inputs and writes answers."""
