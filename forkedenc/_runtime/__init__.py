"""The copying-stack runtime seen from Python: what it counted, its pool of segments, and the stress switch.

Public as `forkedenc.runtime`. `_stats.py` has the figures, `_pool.py` the pool, `_process.py` what switches the process.
"""

from forkedenc._runtime._pool import Pool, pool
from forkedenc._runtime._process import stress, stressed
from forkedenc._runtime._stats import Stats, growth_report, runtime_stats

__all__ = ["Pool", "Stats", "growth_report", "pool", "runtime_stats", "stress", "stressed"]
