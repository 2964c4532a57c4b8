"""Pooled responses and token statistics, as a model reads: `collection` writes them, `store` reads them."""
