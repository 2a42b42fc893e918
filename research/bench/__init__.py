"""`stepladder bench`: our work and the same work by peers, side by side in one run.

A case's sides take turns, A B A B ..., in processes of their own on the same cores; what is compared is the ratio of rounds beside each
other. The parent imports neither jax nor torch.
"""
