"""What do word vectors learn from a small text, by predicting neighbours and by counting them?"""
