"""Which parts of a Transformer does translation need, and what does each head do?"""
