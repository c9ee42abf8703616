"""What the API answers: wire shapes, and the pure functions that make them of the model's values."""
