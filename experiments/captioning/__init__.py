"""Does a decoder that looks at the places of a picture name it better than one that is told its sum?"""
