"""At equal parameters: is an encoder worth its keep, or does one causal stack read source and target as well?"""
