"""A prepared model → parts of it that are built, found right and described."""
