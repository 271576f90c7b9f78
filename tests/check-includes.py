#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the direction of includes in src/, the one rule of docs/architecture.md.

A folder includes only folders of lower rank, never a sibling of its rank; the
files of a folder include each other without circles; project headers are named with
their folder; a few outside headers stay in the folders that wrap them. Each
violation is one line, `file:line: what, why`. Exit status 1 when there is one.

    tests/check-includes.py [SOURCE_DIRECTORY]
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

RANKS = {
    'base': 0,
    'config': 1,
    'media': 2,
    'catalog': 2,
    'access': 3,
    'camera': 4,
    'record': 4,
    'playback': 4,
    'live': 4,
    'restream': 4,
    'detect': 4,
    'web': 5,
    'dbus': 5,
    'app': 6,
}
MAIN = 'main.c'
# Programs of their own: they include what is named here, and nobody includes them.
PROGRAMS = {'ctl': {'base'}, 'sim': {'base'}}
# Written by the build, so not found in src/: 'folder/file.h'.
GENERATED = {'catalog/potoo-catalog-resources.h', 'dbus/potoo-nvr.h'}


@dataclass(frozen=True)
class Confined:
    """Outside headers that may be included only by some folders or files."""

    headers: str  # regular expression on the name between < and >
    places: tuple  # folders 'catalog/' or files 'web/potoo-web-server.c'
    why: str
    # Also through project headers: what includes such a header sees the types.
    transitive: bool = False


CONFINED = (
    Confined(
        r'sqlite3(ext)?\.h',
        ('catalog/',),
        'all SQLite is in catalog',
        transitive=True,
    ),
    Confined(
        r'libsoup/.*',
        (
            'ctl/',
            'web/potoo-web-answer.c',
            'web/potoo-web-connection.c',
            'web/potoo-web-connection.h',
            'web/potoo-web-request.c',
            'web/potoo-web-request-private.h',
            'web/potoo-web-server.c',
        ),
        'resources see the request and response types of web, not libsoup',
        transitive=True,
    ),
    Confined(
        r'gst/.*',
        ('media/', 'record/', 'playback/', 'live/', 'restream/', 'detect/', 'sim/'),
        'GStreamer types stay in the folders that handle media',
    ),
)


@dataclass(frozen=True)
class Include:
    line: int
    quote: str  # '"' or '<'
    name: str


@dataclass
class Source:
    path: str  # relative to src/, 'base/potoo-clock.c' or 'main.c'
    includes: list = field(default_factory=list)

    @property
    def folder(self):
        return self.path.split('/')[0] if '/' in self.path else ''


COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|^[ \t]*#[ \t]*include[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL | re.MULTILINE,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|include_next|import)\b[ \t]*(.*)$', re.MULTILINE)
TARGET = re.compile(r'<([^>\n]+)>|"([^"\n]+)"')


def blank_comments(text):
    """Removes comments and strings, but no line and no #include."""

    def blank(match):
        found = match.group(0)
        if found.lstrip().startswith('#'):
            return found
        return '\n' * found.count('\n')

    return COMMENT_OR_STRING.sub(blank, text)


def read_source(root, path):
    source = Source(path.relative_to(root).as_posix())
    text = blank_comments(path.read_text(encoding='utf-8'))
    for match in INCLUDE.finditer(text):
        line = text.count('\n', 0, match.start()) + 1
        target = TARGET.match(match.group(1))
        if target is None:
            source.includes.append(Include(line, '', match.group(1).strip()))
        elif target.group(1) is not None:
            source.includes.append(Include(line, '<', target.group(1)))
        else:
            source.includes.append(Include(line, '"', target.group(2)))
    return source


class Checker:
    def __init__(self, root, generated=frozenset(GENERATED), confined=CONFINED):
        self.root = Path(root)
        self.generated = generated
        self.confined = confined
        self.errors = []
        files = sorted(p for p in self.root.rglob('*') if p.suffix in ('.c', '.h'))
        self.sources = {s.path: s for s in (read_source(self.root, p) for p in files)}

    def report(self, source, line, message):
        self.errors.append((source.path, line, message))

    def run(self):
        for source in self.sources.values():
            if self.check_place(source):
                for include in source.includes:
                    self.check_include(source, include)
        self.check_circles()
        self.errors.sort()
        return self.errors

    def check_place(self, source):
        if source.path == MAIN or source.folder in RANKS or source.folder in PROGRAMS:
            return True
        if source.folder == '':
            self.report(source, 1, f'only {MAIN} stands beside the folders of src/')
        else:
            self.report(source, 1, f'folder {source.folder}/ has no rank in {Path(__file__).name}')
        return False

    def check_include(self, source, include):
        if include.quote == '':
            self.report(source, include.line, f'cannot read the include {include.name!r}: name a file')
            return
        if include.quote == '<' and include.name not in self.sources:
            self.check_confined(source, include)
            return
        if not self.check_name(source, include):
            return
        self.check_direction(source, include)
        self.check_confined(source, include)

    def check_name(self, source, include):
        """A header of ours is included as "folder/file.h" and exists."""
        name = include.name
        if include.quote == '<':
            self.report(source, include.line, f'<{name}> is a header of this project: use quotes')
        elif '..' in name.split('/') or name.startswith(('/', './')):
            self.report(source, include.line, f'"{name}" is no plain path below src/')
        elif name in self.generated:
            return True
        elif '/' not in name:
            self.report(
                source, include.line, f'"{name}" lacks its folder: write "folder/{name}"'
            )
        elif not name.endswith('.h'):
            self.report(source, include.line, f'"{name}" is not a header')
        elif name not in self.sources:
            self.report(source, include.line, f'"{name}" is not in src/, nor known as generated')
        else:
            return True
        return False

    def check_direction(self, source, include):
        own, other = source.folder, include.name.split('/')[0]
        if own == other:
            return
        if other in PROGRAMS:
            message = f'{other}/ is a program of its own: nobody includes it'
        elif own in PROGRAMS:
            if other in PROGRAMS[own]:
                return
            message = f'{own}/ includes only {", ".join(sorted(PROGRAMS[own]))}'
        elif other not in RANKS:
            return  # check_place() names the folder
        elif source.path == MAIN or RANKS[other] < RANKS[own]:
            return
        elif RANKS[other] == RANKS[own]:
            message = f'{own}/ and {other}/ are siblings of rank {RANKS[own]}: join them in app/'
        else:
            message = (
                f'{own}/ (rank {RANKS[own]}) must not know {other}/ (rank {RANKS[other]}):'
                ' includes go to lower ranks only'
            )
        self.report(source, include.line, f'"{include.name}": {message}')

    def check_confined(self, source, include):
        for rule in self.confined:
            if self.is_allowed(source, rule):
                continue
            if include.quote == '<':
                if re.fullmatch(rule.headers, include.name):
                    self.report(
                        source, include.line, f'<{include.name}> is not for this file: {rule.why}'
                    )
            elif rule.transitive:
                chain = self.find_chain(include.name, rule, set())
                if chain:
                    self.report(
                        source,
                        include.line,
                        f'"{include.name}" brings in {" → ".join(chain)}: {rule.why}',
                    )

    @staticmethod
    def is_allowed(source, rule):
        return any(
            source.path.startswith(place) if place.endswith('/') else source.path == place
            for place in rule.places
        )

    def find_chain(self, name, rule, seen):
        """The includes that lead from header @name to one that @rule confines."""
        if name in seen or name not in self.sources:
            return None
        seen.add(name)
        for include in self.sources[name].includes:
            if include.quote == '<' and re.fullmatch(rule.headers, include.name):
                return [f'<{include.name}>']
            chain = self.find_chain(include.name, rule, seen)
            if chain:
                return [f'"{include.name}"'] + chain
        return None

    def check_circles(self):
        """Depth first; an include of a file that is still being looked at closes a circle."""
        done = set()

        def visit(path, trail):
            source = self.sources[path]
            for include in source.includes:
                name = include.name
                if name not in self.sources or self.sources[name].folder != source.folder:
                    continue
                if name in trail:
                    circle = trail[trail.index(name):] + [name]
                    self.report(source, include.line, f'circle of includes: {" → ".join(circle)}')
                elif name not in done:
                    visit(name, trail + [name])
            done.add(path)

        for path in sorted(self.sources):
            if path not in done:
                visit(path, [path])


def main(arguments):
    if len(arguments) > 1 or (arguments and arguments[0].startswith('-')):
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent / 'src'
    checker = Checker(root)
    if not checker.sources:
        print(f'{root}: no C files here', file=sys.stderr)
        return 2
    for path, line, message in checker.run():
        print(f'{root.name}/{path}:{line}: {message}')
    return 1 if checker.errors else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
