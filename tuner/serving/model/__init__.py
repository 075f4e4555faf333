"""A trained model over HTTP, with a page to try it."""
