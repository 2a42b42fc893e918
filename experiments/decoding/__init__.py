"""What do greedy decoding, sampling, truncated sampling and beam search trade between quality and diversity?"""
