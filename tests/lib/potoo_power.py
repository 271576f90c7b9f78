# SPDX-License-Identifier: GPL-3.0-or-later
"""What a power cut leaves of a directory, by the journal of tests/faults/power-cut.c.

Durable is, strictly by POSIX: the bytes and the size of a file when an fsync or fdatasync of it
began that succeeded; a name when an fsync of its directory began that did. So a new file that is
synced while its directory is not may be gone, which is stricter than ext4. Whatever else was done
may be there or not: of the names of a directory any, as long as those of one name keep their order
and both halves of a rename within it go together; of what was written to a file any sectors, with
zeros where nothing was.
"""

import shutil
import struct
from dataclasses import dataclass, field

RECORD = struct.Struct('<IHHQQqQq')
MAGIC = 0x52575050
CREATE, MKDIR, LINK, UNLINK, RENAME, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END = range(1, 10)
SECTOR_SIZES = (512, 4096)
# Shared memory of SQLite: made anew by who opens the catalog first.
PASSING = '-shm'
KEEPS = ('nothing', 'all', 'some')


class BadJournal(Exception):
    pass


def read_records(data):
    """(record, name, payload), up to a torn last one."""
    at = 0
    while at + RECORD.size <= len(data):
        magic, op, name_size, *rest = RECORD.unpack_from(data, at)
        if magic != MAGIC:
            raise BadJournal(f'no record at {at}')
        name_at = at + RECORD.size
        data_at = name_at + name_size
        end = data_at + rest[3]
        if end > len(data):
            return
        yield op, *rest, bytes(data[name_at:data_at]), bytes(data[data_at:end])
        at = end


def apply(content, change):
    """@change: (offset, bytes), or the size as a number."""
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass(eq=False)
class File:
    content: bytearray = field(default_factory=bytearray)  # all that was written
    durable: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)  # changes since
    n_durable: int = 0  # changes that are no longer pending
    media: bool = False

    def change(self, change):
        apply(self.content, change)
        self.pending.append(change)

    def sync(self, n):
        """What the first @n changes made is durable."""
        for change in self.pending[: max(0, n - self.n_durable)]:
            apply(self.durable, change)
        del self.pending[: max(0, n - self.n_durable)]
        self.n_durable = max(self.n_durable, n)

    def after_cut(self, keep, random):
        left = bytearray(self.durable)
        if keep == 'nothing' or not self.pending:
            return left
        if keep == 'all':
            return bytearray(self.content)
        if random.random() < 0.5:
            self.keep_beginning(left, random)
        else:
            self.keep_sectors(left, random)
        return left

    def keep_beginning(self, left, random):
        """The first changes, and of the next one as many sectors as there were time for."""
        n = random.randrange(len(self.pending) + 1)
        for change in self.pending[:n]:
            apply(left, change)
        if n < len(self.pending) and not isinstance(self.pending[n], int):
            offset, data = self.pending[n]
            sector = random.choice(SECTOR_SIZES)
            end = random.randrange(offset, offset + len(data) + 1)
            apply(left, (offset, data[: max(0, end - end % sector - offset)]))

    def keep_sectors(self, left, random):
        """Any, and perhaps the size before the bytes."""
        sector, likely = random.choice(SECTOR_SIZES), random.choice((0.2, 0.5, 0.9))
        for change in self.pending:
            if isinstance(change, int):
                if random.random() < likely:
                    apply(left, change)
                continue
            offset, data = change
            at = offset
            while at < offset + len(data):
                end = min(offset + len(data), at - at % sector + sector)
                if random.random() < likely:
                    apply(left, (at, data[at - offset : end - offset]))
                at = end
        if random.random() < 0.5:
            apply(left, max(len(left), len(self.content)))


@dataclass(eq=False)
class Directory:
    content: dict = field(default_factory=dict)  # name: File or Directory
    durable: dict = field(default_factory=dict)
    pending: list = field(default_factory=list)  # {name: what has it then, or None}
    n_durable: int = 0

    def change(self, change):
        self.apply(self.content, change)
        self.pending.append(change)

    @staticmethod
    def apply(names, change):
        for name, node in change.items():
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node

    def sync(self, n):
        for change in self.pending[: max(0, n - self.n_durable)]:
            self.apply(self.durable, change)
        del self.pending[: max(0, n - self.n_durable)]
        self.n_durable = max(self.n_durable, n)

    def after_cut(self, keep, random):
        left, dropped = dict(self.durable), set()
        likely = {'nothing': 0, 'all': 1}.get(keep, random.choice((0.2, 0.5, 0.9)))
        for change in self.pending:
            if dropped.isdisjoint(change) and random.random() < likely:
                self.apply(left, change)
            else:
                dropped.update(change)
        return left


class Disk:
    """What lies below @path and what of it is durable. All of it is when this is made."""

    def __init__(self, path):
        self.path = path
        self.journal = path.with_name(path.name + '.journal')
        self.nodes = {}  # by inode
        self.syncs = {}  # (thread, inode): (changes when it began, when)
        self.sync_spans = []  # (thread, began, ended), by CLOCK_MONOTONIC
        self.recorders = set()  # threads that write media
        self.journal.write_bytes(b'')
        self.root = self.read(path)

    def read(self, path):
        if path.is_dir():
            names = {p.name: self.read(p) for p in path.iterdir() if not p.name.endswith(PASSING)}
            node = Directory(dict(names), names)
        else:
            content = path.read_bytes()
            node = File(bytearray(content), bytearray(content))
        self.nodes[path.stat().st_ino] = node
        return node

    def replay(self):
        """Takes what was done since, by processes that are dead."""
        for op, inode, directory, offset, _, mono_ns, name, data in read_records(
            memoryview(self.journal.read_bytes())
        ):
            self.take(op, inode, directory, offset, mono_ns, name.decode(), data)

    def busy_seconds(self, began_ns, ended_ns):
        """For how long of a time the threads that write media waited for syncs, also for one that the
        end cut off."""
        spans = [*self.sync_spans, *((thread, since, ended_ns) for (thread, _), (_, since) in self.syncs.items())]
        return sum(
            max(0, min(end, ended_ns) - max(begin, began_ns)) / 1e9
            for thread, begin, end in spans
            if thread in self.recorders
        )

    def take(self, op, inode, directory, offset, mono_ns, name, data):
        if op in (CREATE, MKDIR):
            self.nodes[inode] = Directory() if op == MKDIR else File(media=name.endswith('.mp4'))
        node = self.nodes[inode]
        if op in (CREATE, MKDIR, LINK):
            self.nodes[directory].change({name: node})
        elif op == UNLINK:
            self.nodes[directory].change({name: None})
        elif op == RENAME:
            self.rename(node, directory, offset, *name.split('\0'))
        elif op == WRITE:
            node.change((offset, data))
        elif op == TRUNCATE:
            node.change(offset)
        elif op == SYNC_BEGIN:
            self.syncs[offset, inode] = node.n_durable + len(node.pending), mono_ns
        elif op == SYNC_END:
            n, began_ns = self.syncs.pop((offset, inode))
            node.sync(n)
            self.sync_spans.append((offset, began_ns, mono_ns))
            if isinstance(node, File) and node.media:
                self.recorders.add(offset)

    def rename(self, node, old_directory, new_directory, old, new):
        if old_directory == new_directory:
            self.nodes[old_directory].change({old: None, new: node})
        else:
            self.nodes[old_directory].change({old: None})
            self.nodes[new_directory].change({new: node})

    def written(self):
        """Path below the directory: content of each file, as the process saw it."""
        found = {}

        def walk(directory, prefix):
            for name, node in directory.content.items():
                if isinstance(node, Directory):
                    walk(node, f'{prefix}{name}/')
                elif not name.endswith(PASSING):
                    found[prefix + name] = node.content

        walk(self.root, '')
        return found

    def cut(self, random, keep=None):
        """Puts in place what the cut leaves; returns how much of what was not durable: see KEEPS."""
        keep = keep or random.choice(KEEPS)
        shutil.rmtree(self.path)
        self.write(self.root, self.path, keep, random)
        return keep

    def write(self, node, path, keep, random):
        left = node.after_cut(keep, random)
        if isinstance(node, File):
            path.write_bytes(left)
            return
        path.mkdir(mode=0o700)
        for name, child in left.items():
            if not name.endswith(PASSING):
                self.write(child, path / name, keep, random)
