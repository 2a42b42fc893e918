"""What does each step from hand-written rules to attention buy in telling sentences apart, and where does each one fail?"""
