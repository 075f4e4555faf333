"""Bad and hostile input, made at random from a fixed seed: what a user or a network may hand over, and how it ends."""
