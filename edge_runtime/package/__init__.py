"""An artifact as files: archives, hashes, seals, the cache, and which variant fits this machine."""
