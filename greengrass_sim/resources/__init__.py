"""What functions find on this machine: code, models and volumes, unpacked and at the right paths."""
