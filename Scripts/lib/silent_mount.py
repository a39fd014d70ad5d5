#!/usr/bin/env python3
"""Mounts a file system that never answers on a folder, and holds it until its parent ends.

The kernel asks the server of a FUSE file system; this one does not read what it is asked.
"""

import ctypes
import os
import signal
import sys

server = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={server},rootmode=40000,user_id=0,group_id=0,allow_other"
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if libc.mount(b"silent", os.fsencode(sys.argv[1]), b"fuse", 0, options.encode()):
    raise OSError(ctypes.get_errno(), "cannot mount")
print("mounted", flush=True)
signal.pause()
