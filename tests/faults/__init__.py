"""The proofs of faults: what injects them, and what counts the loss."""
