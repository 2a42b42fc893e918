"""What does each rule of a sentiment classifier that was written by hand add to its lexicon?"""
