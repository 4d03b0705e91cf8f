"""The inbox: what happened is told to the person it concerns, in plain Chinese, once.

A message follows from a journal entry and never from anything else: this room only reacts. It says what was so when
it was written; what the person may do about it is found behind its link. One entry gives one reader one message,
however often it is delivered. Deleting an account deletes its messages.
"""
