"""Which score learns to look things up, and does the unscaled dot product fall behind as heads get wider?"""
