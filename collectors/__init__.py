"""A scheduled data collector for the performance of public services.

Configuration says what, the schedule says when, sources look, observations name, the store keeps,
the sink sends; ``collectors.runner`` is the only module that joins these stages.
"""

__version__ = "0.1.0"
