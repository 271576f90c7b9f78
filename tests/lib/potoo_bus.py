# SPDX-License-Identifier: GPL-3.0-or-later
"""A private D-Bus, and a client on it."""

import os
import socket
import tempfile
import time
from pathlib import Path

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

from potoo_process import SLOWNESS, TOP, Process, wait_until  # noqa: E402

NAME = 'org.potoo.Nvr1'
ROOT = '/org/potoo/Nvr1'
MANAGER = f'{NAME}.Manager'
CAMERA = f'{NAME}.Camera'
PROPERTIES = 'org.freedesktop.DBus.Properties'
OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>{kind}</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <limit name="max_replies_per_connection">10000</limit>
  {policy}
</busconfig>
"""
# What everybody may do on a session bus; also that of who is nobody, when it says so.
OPEN = """<policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_type="method_return"/>
    <allow send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>"""
# The beginning of Debian's system.conf: nothing is allowed that a service does not allow.
CLOSED = """<policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>"""


def camera_path(camera):
    """As sd_bus_path_encode(3), written anew."""
    label = ''.join(
        c if c.isalpha() or (c.isdigit() and n > 0) else f'_{ord(c):02x}' for n, c in enumerate(camera)
    )
    return f'{ROOT}/camera/{label}'


class Bus:
    """A dbus-daemon whose address stays when it is started anew."""

    def __init__(self, directory, kind='session', policy=OPEN):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        # Where other users get to, and short enough for a socket.
        self.place = Path(tempfile.mkdtemp(prefix='potoo-bus-'))
        self.place.chmod(0o755)
        self.socket = self.place / 'bus'
        self.log = self.directory / 'bus.log'
        self.config = self.directory / 'bus.conf'
        self.config.write_text(CONFIG.format(kind=kind, path=self.socket, policy=policy))
        self.address = f'unix:path={self.socket}'
        self.process = None
        self.kind = kind

    @property
    def env(self):
        return {f'DBUS_{self.kind.upper()}_BUS_ADDRESS': self.address}

    def start(self):
        self.process = Process(
            ['dbus-daemon', '--nofork', '--nopidfile', f'--config-file={self.config}'], self.log
        )
        wait_until(self.answers, 10, f'the bus, see {self.log}', interval=0.02)
        return self

    def answers(self):
        with socket.socket(socket.AF_UNIX) as link:
            try:
                link.connect(str(self.socket))
            except OSError:
                return False
        return True

    def stop(self):
        if self.process is not None:
            self.process.kill()
        self.socket.unlink(missing_ok=True)

    def close(self):
        self.stop()
        self.place.rmdir()

    def read_log(self):
        return self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''


class CallError(Exception):
    """An error that came as an answer: its name, without ours in front, and its message."""

    def __init__(self, error):
        remote = Gio.DBusError.get_remote_error(error) or f'{error.domain}.{error.code}'
        self.name = remote.removeprefix(f'{NAME}.Error.')
        self.message = error.message.removeprefix(f'GDBus.Error:{remote}: ')
        super().__init__(f'{self.name}: {self.message}')


class Client:
    """A peer on the bus. Its signals are kept, and looked at with wait_signal()."""

    def __init__(self, bus, destination=NAME):
        self.link = Gio.DBusConnection.new_for_address_sync(
            bus.address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None,
            None,
        )
        self.link.set_exit_on_close(False)
        self.destination = destination
        self.signals = []
        self.link.signal_subscribe(
            None, None, None, None, None, Gio.DBusSignalFlags.NONE, self.on_signal
        )

    def on_signal(self, _link, _sender, path, interface, signal, parameters):
        self.signals.append((path, f'{interface}.{signal}', parameters.unpack()))

    def close(self):
        if not self.link.is_closed():
            self.link.close_sync(None)

    # --- calls ---

    def call(self, path, interface, method, signature='()', *arguments, timeout=20, fds=False):
        """The answer unpacked, one value by itself; with @fds (answer, list of descriptors)."""
        try:
            answer, fd_list = self.link.call_with_unix_fd_list_sync(
                self.destination,
                path,
                interface,
                method,
                GLib.Variant(signature, arguments),
                None,
                Gio.DBusCallFlags.NO_AUTO_START,
                int(timeout * SLOWNESS * 1000),
                None,
                None,
            )
        except GLib.Error as error:
            raise CallError(error) from None
        values = answer.unpack()
        value = values[0] if len(values) == 1 else values or None
        return (value, fd_list.steal_fds() if fd_list else []) if fds else value

    def manager(self, method, signature='()', *arguments, **options):
        return self.call(ROOT, MANAGER, method, signature, *arguments, **options)

    def camera(self, camera, method, signature='()', *arguments, **options):
        return self.call(camera_path(camera), CAMERA, method, signature, *arguments, **options)

    def start_call(self, path, interface, method, signature, *arguments):
        """A list that gets (answer, error) when it is answered."""
        outcome = []

        def on_answer(link, result):
            try:
                outcome.append((link.call_finish(result).unpack(), None))
            except GLib.Error as error:
                outcome.append((None, CallError(error)))

        self.link.call(
            self.destination,
            path,
            interface,
            method,
            GLib.Variant(signature, arguments),
            None,
            Gio.DBusCallFlags.NO_AUTO_START,
            int(30 * SLOWNESS * 1000),
            None,
            on_answer,
        )
        return outcome

    def add_camera(self, adopt=False, **settings):
        return self.manager('AddCamera', '(a{sv}b)', pack(settings), adopt)

    def update(self, camera, if_version=0, **settings):
        return self.camera(camera, 'UpdateSettings', '(a{sv}t)', pack(settings), if_version)

    def properties(self, camera):
        return self.call(camera_path(camera), PROPERTIES, 'GetAll', '(s)', CAMERA)

    def objects(self):
        return self.call(ROOT, OBJECT_MANAGER, 'GetManagedObjects')

    def owner(self, name=NAME):
        """The unique name that has @name, or None."""
        try:
            return self.call_bus('GetNameOwner', '(s)', name)
        except CallError:
            return None

    def call_bus(self, method, signature='()', *arguments):
        try:
            answer = self.link.call_sync(
                'org.freedesktop.DBus',
                '/org/freedesktop/DBus',
                'org.freedesktop.DBus',
                method,
                GLib.Variant(signature, arguments),
                None,
                Gio.DBusCallFlags.NONE,
                5000,
                None,
            )
        except GLib.Error as error:
            raise CallError(error) from None
        return answer.unpack()[0]

    # --- signals ---

    def spin(self, seconds):
        """Takes what comes in."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not GLib.MainContext.default().iteration(False):
                time.sleep(0.01)

    def wait(self, condition, timeout=10, what='the condition'):
        def look():
            while GLib.MainContext.default().iteration(False):
                pass
            return condition()

        return wait_until(look, timeout, what, interval=0.01)

    def changes(self, camera):
        """What PropertiesChanged told of @camera, newest last."""
        return [
            arguments[1]
            for path, signal, arguments in self.signals
            if path == camera_path(camera) and signal == f'{PROPERTIES}.PropertiesChanged'
        ]

    def wait_change(self, camera, timeout=10, **wanted):
        """Until the properties were told to have these values, together or one after another."""

        def look():
            told = {}
            for change in self.changes(camera):
                told.update(change)
            return all(told.get(name) == value for name, value in wanted.items())

        return self.wait(look, timeout, f'{camera} to tell {wanted}')

    def told(self, path, signal):
        return [arguments for p, s, arguments in self.signals if (p, s) == (path, signal)]


def pack(settings):
    """{'audio': False} as the value of a{sv}."""
    kinds = {bool: 'b', str: 's', int: 'i', float: 'd', list: 'as'}
    return {name: GLib.Variant(kinds[type(value)], value) for name, value in settings.items()}


def read_interfaces():
    """{name: Gio.DBusInterfaceInfo} of data/org.potoo.Nvr1.*.xml."""
    found = {}
    for path in sorted((TOP / 'data').glob('org.potoo.Nvr1.*.xml')):
        for interface in Gio.DBusNodeInfo.new_for_xml(path.read_text(encoding='utf-8')).interfaces:
            found[interface.name] = interface
    return found


def read_fd(fd):
    with os.fdopen(fd, 'rb') as file:
        return file.read()
