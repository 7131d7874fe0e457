"""The vendors' own libraries, one module each; a module is loaded when its vendor is configured."""
