"""What a skilled user writes without tuner, for the same model, data, augmentation and budget: one script each."""
