"""What does each step from counting words to attention buy?"""
