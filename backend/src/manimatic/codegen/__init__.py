"""The code generators: who writes the scene. Importing this package loads no vendor's library."""
