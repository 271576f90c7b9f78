#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a URI with GStreamer's playbin3 and tells which access units came to the decoder.

    potoo_gst.py URI…     prints JSON, a line for each URI

play() runs this in a process of its own, so that GStreamer's threads are not in the tests'."""

import json
import subprocess
import sys

from potoo_sei import read_sei


# hlsdemux2 of GStreamer 1.22 fails so when all of a playlist has come before its pads are exposed,
# which happens to short ones now and then ("Can't push EOS on non-exposed pad" in its log); or it
# ends after one picture, and says nothing.
RACE = "Couldn't download fragments"
TRIES = 3


def is_race(seen):
    return RACE in (seen['error'] or '') or (seen['error'] is None and len(seen['decoded']) < 2)


def play(uri, timeout=60):
    """{'error': …|None, 'decoded': [[number, pts_ns]…], 'shown': […pts_ns], 'audio': [[pts_ns, duration_ns]…]}"""
    for _ in range(TRIES):
        result = subprocess.run(
            [sys.executable, __file__, uri],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )
        assert result.returncode == 0, result.stderr
        seen = json.loads(result.stdout)
        if not is_race(seen):
            break
    return seen


class Player:
    def __init__(self, gst, uri):
        self.gst = gst
        self.decoded, self.shown, self.audio = [], [], []
        self.playbin = gst.ElementFactory.make('playbin3')
        self.playbin.props.uri = uri
        self.playbin.props.video_sink = self.make_sink(self.on_shown)
        self.playbin.props.audio_sink = self.make_sink(self.on_audio)
        self.playbin.connect('deep-element-added', self.on_element)

    def make_sink(self, callback):
        sink = self.gst.ElementFactory.make('fakesink')
        sink.props.sync = False
        sink.get_static_pad('sink').add_probe(self.gst.PadProbeType.BUFFER, callback)
        return sink

    def on_element(self, playbin, parent, element):
        factory = element.get_factory()
        kind = factory.get_metadata('klass') if factory else ''
        if 'Decoder' in kind and 'Video' in kind and element.get_static_pad('sink'):
            pad = element.get_static_pad('sink')
            pad.add_probe(self.gst.PadProbeType.BUFFER, self.on_access_unit)

    def on_access_unit(self, pad, info):
        buffer = info.get_buffer()
        good, mapped = buffer.map(self.gst.MapFlags.READ)
        assert good
        self.decoded += [[stamp.number, buffer.pts] for stamp in read_sei(mapped.data)]
        buffer.unmap(mapped)
        return self.gst.PadProbeReturn.OK

    def on_shown(self, pad, info):
        self.shown.append(info.get_buffer().pts)
        return self.gst.PadProbeReturn.OK

    def on_audio(self, pad, info):
        buffer = info.get_buffer()
        self.audio.append([buffer.pts, buffer.duration])
        return self.gst.PadProbeReturn.OK

    def run(self):
        gst = self.gst
        self.playbin.set_state(gst.State.PLAYING)
        message = self.playbin.get_bus().timed_pop_filtered(
            gst.CLOCK_TIME_NONE, gst.MessageType.EOS | gst.MessageType.ERROR
        )
        error = None
        if message.type == gst.MessageType.ERROR:
            error = ': '.join(str(part) for part in message.parse_error())
        self.playbin.set_state(gst.State.NULL)
        return {
            'error': error,
            'decoded': self.decoded,
            'shown': self.shown,
            'audio': self.audio,
        }


def main(uris):
    import gi

    gi.require_version('Gst', '1.0')
    from gi.repository import Gst

    Gst.init(None)
    for uri in uris:
        print(json.dumps(Player(Gst, uri).run()))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
