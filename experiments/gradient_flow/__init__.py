"""How far back does a gradient reach, before training and after?"""
