"""A certificate authority of vaurien's own: certificates for whatever name a client asks for, of a key that never leaves.

``issuing`` makes certificates, ``kept`` keeps an authority in the user's folder, ``leaves`` has the contexts of a proxy by the
names that are asked for. What the extra ``vaurien[tls]`` brings is imported where it is needed.
"""
from .issuing import LOOPBACK, Authority, AuthorityError, Issuer, KeyType, Leaf
from .own import own_authority, use_authority

__all__ = ['LOOPBACK', 'Authority', 'AuthorityError', 'Issuer', 'KeyType', 'Leaf', 'own_authority', 'use_authority']
