"""What a person sees of a command while it runs and when it fails."""
