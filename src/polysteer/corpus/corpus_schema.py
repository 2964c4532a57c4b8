"""The columns of a corpus."""

import pyarrow as pa

ANNOTATIONS = ("tokens", "upos", "heads", "deprels")

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("topic", pa.string()),
        pa.field("tokens", pa.list_(pa.string())),
        pa.field("upos", pa.list_(pa.string())),
        pa.field("heads", pa.list_(pa.int32())),
        pa.field("deprels", pa.list_(pa.string())),
    ]
)
