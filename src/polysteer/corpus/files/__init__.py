"""Files as they stand: text, tables, translation memories; every mistake named by file and line."""
