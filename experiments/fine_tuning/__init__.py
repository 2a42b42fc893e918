"""What is a language model worth to a classifier, by the number of labels?"""
