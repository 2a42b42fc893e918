"""What tells a word's part of speech beside the word itself?"""
