"""What does weighing words by their rarity do for finding a text by some of its words?"""
