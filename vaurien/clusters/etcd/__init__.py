"""A small client of etcd, over the JSON gateway that it has since 3.4; knows no key and no value of vaurien's.

int64 is written as text there, keys and values in base64, and what is 0, false or empty is left out.
"""
