# SPDX-License-Identifier: GPL-3.0-or-later
"""The main loop stands still for ten seconds, and not a frame is lost."""

import ctypes
import os
import time

from potoo_recording import check_with_ffprobe, find_lost_and_doubled, read_stamps

PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
BLOCKED_S = 10
FPS = 25

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f'ptrace {request:#x} of {thread}')


class StoppedThread:
    """Stops one thread of a process, and only that one."""

    def __init__(self, thread):
        self.thread = thread

    def __enter__(self):
        ptrace(PTRACE_SEIZE, self.thread)
        ptrace(PTRACE_INTERRUPT, self.thread)
        os.waitpid(self.thread, 0x40000000)  # __WALL

    def __exit__(self, *_):
        ptrace(PTRACE_DETACH, self.thread)


def read_thread_state(pid, thread):
    with open(f'/proc/{pid}/task/{thread}/stat', encoding='ascii') as stat:
        return stat.read().rsplit(')', 1)[1].split()[0]


def test_blocked_main_loop_loses_nothing(sim, daemon):
    names = ['one', 'two', 'three']
    cameras = sim({name: {'codec': 'h264', 'audio': 'aac'} for name in names})
    for name in names:
        daemon.add_camera(id=name, url=cameras.urls[name])
    for name in names:
        daemon.wait_state(name, 'streaming')
    time.sleep(3)

    with StoppedThread(daemon.pid):
        blocked_at = time.time()
        for _ in range(BLOCKED_S):
            time.sleep(1)
            assert read_thread_state(daemon.pid, daemon.pid) == 't'
        released_at = time.time()
    assert daemon.is_running
    time.sleep(3)
    for name in names:
        assert daemon.state(name) == 'streaming'
        paths = [daemon.segment_path(segment) for segment in daemon.disable_camera(name)]
        # Files were changed while the main loop stood still.
        assert len(paths) >= 2
        stamps = [stamp for path in paths for stamp in read_stamps(path)]
        assert find_lost_and_doubled(stamps) == ([], [])
        inside = [s for s in stamps if blocked_at * 1e6 < s.wall_us < released_at * 1e6]
        assert len(inside) >= (BLOCKED_S - 1) * FPS
        for path in paths:
            assert check_with_ffprobe(path) == ''
