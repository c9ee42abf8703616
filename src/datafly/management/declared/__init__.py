"""Configuration as code: what people decide as one document, a plan of what it would change, applied in one go."""
