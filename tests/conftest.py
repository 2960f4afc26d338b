"""Ctrl-C is Ctrl-C: what a test starts ends by it, also where the tests themselves are started to ignore it (nohup, &)."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
