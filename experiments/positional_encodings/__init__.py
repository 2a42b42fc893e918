"""Which positional encoding still predicts when the window is longer than any that it was trained on?"""
