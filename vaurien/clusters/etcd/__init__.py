"""A small client of etcd 3.4 and later, over its JSON gateway. Knows no key and no value of vaurien's.

int64 is written as text there, keys and values in base64, and what is 0, false or empty is left out.
"""
