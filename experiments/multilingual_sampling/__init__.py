"""How much of each language should a tokenizer learn from, when one has a thousand times the text of another?"""
