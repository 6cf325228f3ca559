"""Random legal conversations through random faults and changes, and an oracle on every answer: ``make hunt MINUTES=10``.

A *schedule* is pure data made from a seed: what sessions ask, and when the mix, a toxic, a session or the proxy is changed.
``schedule`` makes it, ``player`` plays it between real servers and the vaurien of ``host``, and the *subject* - one file for each
protocol - says what to ask and judges what came. ``shrink`` makes one that fails small, ``run`` tries many at once.

What the oracle holds is in ``subject``; ``planted`` has proxies that are wrong on purpose, which it has to find.
"""
