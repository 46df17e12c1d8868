"""Template tags of the upper floor."""
