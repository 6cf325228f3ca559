"""What came of a fault, from the result of a test and what it asked alone."""
from .judging import Verdict, judge
from .table import FAIL, VERDICTS, WARN

__all__ = ['FAIL', 'VERDICTS', 'WARN', 'Verdict', 'judge']
