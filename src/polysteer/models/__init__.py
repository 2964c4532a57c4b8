"""Everything that knows transformers: loading, tokens and batches, sites, recording, intervening.

| file | holds |
|---|---|
| `loading.py` | `load_model`: a hub id, a folder or `builtin` becomes a model and its tokenizer |
| `configuration.py` | `check_config`: config.json looked over before anything is built from it |
| `filetokenizer.py` | `open_tokenizer`: without transformers, where a tokenizer's file says all |
| `tokens.py` | `tokenize_texts`, and the one rule of what a real token is: `mark_real` |
| `batches.py` | `plan_batches`, `make_batch`: batches by length, filled by a token budget |
| `trace.py`, `anatomy.py` | which module is which site, read from one watched forward pass |
| `sites.py` | `find_sites`, `describe_shape`: the sites asked for, in every block |
| `shape.py` | `ModelShape`: what a mask has to fit; the embedding layers (no torch) |
| `backbone.py` | the model without its head, and how to run it, up to where it is needed |
| `record.py` | `record`: the values of neurons while a model reads |
| `layers.py` | `capture_layers`: the hidden states of embedding layers |
| `skeleton.py`, `inspection.py` | `inspect_model`: what a model is and takes, before its weights are loaded |
| `generation.py` | `generate_pairs`: what a model writes, plain and under a mask |
| `written.py`, `writing.py` | what a model is asked to write and wrote (no torch); writing it, in batches |
| `losses.py` | next-token losses from final hidden states |
| `intervene.py`, `changes.py` | `intervene`, `apply_edits`: hold neurons while a model reads or writes |
"""
