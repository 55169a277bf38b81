"""The compilers and linkers behind compiled.so, and what a device's C library has."""
