"""The steps. A step never imports `schema`: it has to stay what it was when it was released."""
