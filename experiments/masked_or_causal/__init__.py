"""What should a classifier read first without labels: the next word, or hidden words?"""
