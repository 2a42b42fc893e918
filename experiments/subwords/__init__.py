"""What should a language model read: characters, bytes, or pieces of words?"""
