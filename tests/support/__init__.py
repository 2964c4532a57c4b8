"""What the tests of several folders share: oracles and tiny models."""
