"""Does a decoder that looks at its source translate better, with which score, and what does its width change?"""
