"""Execute a scene without drawing it, before it is rendered."""
