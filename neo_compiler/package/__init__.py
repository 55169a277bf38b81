"""Folders and archives: what the files of an artifact are written to."""
