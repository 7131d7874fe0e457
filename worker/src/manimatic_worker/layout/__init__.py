"""Look at the picture of a scene without drawing it, and say what is wrong with its layout."""
