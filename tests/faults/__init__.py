"""The product under attack: killed, interrupted, raced and robbed of its disk; nothing may be lost or doubled.

`python -m tests.faults NAME …` runs one attack at full length, tests/test_faults.py runs all of them briefly.
"""
