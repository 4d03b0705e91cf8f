"""WeChat: a thin client of our own, and a stand-in server that behaves like WeChat on any machine.

`client` asks WeChat, `errors` names its refusals, `standin` answers in WeChat's place for demos
and tests.

What always holds: the session key and the app secret never leave this package, neither in a return
value nor in a log line; a call takes no database session, so that it is made before the write
transaction opens.
"""
