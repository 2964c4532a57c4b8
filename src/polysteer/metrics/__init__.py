"""Numbers from vectors and losses: numpy in, numbers out. Nothing here reads a file or knows a model."""
