# SPDX-License-Identifier: GPL-3.0-or-later
"""potoo-camera-sim: simulated RTSP cameras that misbehave on command."""

import json
import select
import socket
import subprocess

from potoo_process import CAMERA_SIM, SIM_CACHE, Process


# What tests want unless they say otherwise: a GOP a second, quickly encoded.
SMALL = {
    'codec': 'h264',
    'width': 320,
    'height': 240,
    'fps': 25,
    'bitrate': 300,
    'gop': 25,
    'loop': 4,
    'audio': 'none',
}


class Sim(Process):
    """
    cameras: settings that differ from SMALL by camera, e.g. {'door': {'codec': 'h265'}}.
    """

    def __init__(self, directory, cameras, start_timeout=120, env=None, **options):
        directory.mkdir(parents=True, exist_ok=True)
        SIM_CACHE.mkdir(parents=True, exist_ok=True)
        self.control = directory / 'sim.control'
        command = [
            CAMERA_SIM,
            '--port=0',
            f'--control={self.control}',
            '--print-ready',
            '--die-with-parent',
            f'--cache-dir={SIM_CACHE}',
        ]
        for name, members in cameras.items():
            settings = ''.join(f',{key}={value}' for key, value in {**SMALL, **members}.items())
            command.append(f'--camera={name}{settings}')
        for key, value in options.items():
            option = f'--{key.replace("_", "-")}'
            command.append(option if value is True else f'{option}={value}')
        super().__init__(command, directory / 'sim.log', env=env, stdout=subprocess.PIPE)
        ready = self.read_ready(start_timeout)
        self.port = ready['port']
        self.urls = {camera['id']: camera['main'] for camera in ready['cameras']}
        self.sub_urls = {camera['id']: camera.get('sub') for camera in ready['cameras']}

    def read_ready(self, timeout):
        """The encoder runs before this when its loops are not cached yet."""
        readable, _, _ = select.select([self.child.stdout], [], [], timeout)
        line = self.child.stdout.readline() if readable else b''
        if not line:
            self.kill()
            raise AssertionError(f'{self.command} did not get ready:\n{self.read_log()}')
        return json.loads(line)

    def close(self):
        self.kill()

    def fault(self, camera, *words):
        """Gives a command to the control socket, e.g. fault('door', 'stall', 'on')."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(10)
            link.connect(str(self.control))
            link.sendall((' '.join([camera, *words]) + '\n').encode())
            answer = link.makefile().readline().rstrip('\n')
        assert not answer.startswith('error'), f'{camera} {" ".join(words)}: {answer}'
        return answer
