"""One file per step of the pipeline: read inputs, call the library, write one artifact."""
