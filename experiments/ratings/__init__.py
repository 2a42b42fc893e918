"""From a mean and hand-written rules to networks: how far is each from the numbers that people gave to sentences?"""
