"""The bar under a recorded session."""
