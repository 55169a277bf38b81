"""Memory plan, driver tables, C runtime and link: one shared library a model."""
