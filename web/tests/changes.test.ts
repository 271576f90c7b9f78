// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChangeHandlers, ChangeStream, pauseAfter } from '../src/api/changes';

/** An EventSource that does what it is told. */
class FakeSource {
  static made: FakeSource[] = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};
  isClosed = false;
  readonly listeners = new Map<string, (event: { data: string }) => void>();

  constructor(readonly url: string) {
    FakeSource.made.push(this);
  }

  addEventListener(type: string, listener: (event: { data: string }) => void) {
    this.listeners.set(type, listener);
  }

  close() {
    this.isClosed = true;
  }

  fail(readyState: number) {
    this.readyState = readyState;
    this.onerror();
  }
}

function makeStream() {
  FakeSource.made = [];
  const heard: string[] = [];
  const handlers: ChangeHandlers = {
    onFresh: () => heard.push('fresh'),
    onOpen: () => heard.push('open'),
    onLost: () => heard.push('lost'),
    onCamera: camera => heard.push(`camera ${camera.id}`),
    onCameraRemoved: id => heard.push(`removed ${id}`),
    onSegment: segment => heard.push(`segment ${segment.camera}`),
    onGap: gap => heard.push(`gap ${gap.camera}`),
    onEvent: event => heard.push(`event ${event.camera}`),
    onLock: lock => heard.push(`lock ${lock.camera}`),
    onOverload: overload => heard.push(`overload ${overload}`),
    onHeartbeat: timeMs => heard.push(`heartbeat ${timeMs}`),
    onRemoved: () => heard.push('gone'),
  };
  const stream = new ChangeStream('/changes', handlers, url => new FakeSource(url) as unknown as EventSource);
  stream.start();
  return { stream, heard, source: () => FakeSource.made.at(-1) as FakeSource };
}

test('events are handed on', () => {
  const { stream, heard, source } = makeStream();
  source().onopen();
  const send = (type: string, data: unknown) => source().listeners.get(type)?.({ data: JSON.stringify(data) });
  send('camera', { id: 'a' });
  send('camera-removed', { id: 'b' });
  send('event', { camera: 'e' });
  send('lock', { camera: 'l' });
  send('lock-removed', { id: '0' });
  send('segment', { camera: 'c' });
  send('gap', { camera: 'd' });
  send('overload', { overload: 'refusing' });
  send('heartbeat', { time: '1970-01-01T00:00:01.500000Z' });
  send('reset', {});
  const things = ['camera a', 'removed b', 'event e', 'lock l', 'gone', 'segment c', 'gap d', 'overload refusing'];
  assert.deepEqual(heard, ['open', 'fresh', ...things, 'heartbeat 1500', 'fresh']);
  stream.stop();
});

test('a connection that EventSource resumes by itself is not fresh', () => {
  const { stream, heard, source } = makeStream();
  source().onopen();
  source().fail(0);
  source().onopen();
  assert.deepEqual(heard, ['open', 'fresh', 'lost', 'open']);
  assert.equal(FakeSource.made.length, 1);
  stream.stop();
});

/** Runs `body` with timers that only go when told to. */
function withTimers(body: (tick: (ms: number) => void) => void) {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  let now = 0;
  let due: { at: number; call: () => void }[] = [];
  globalThis.setTimeout = ((call: () => void, ms: number) => {
    const timer = { at: now + ms, call };
    due.push(timer);
    return timer;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = (timer => {
    due = due.filter(one => one !== (timer as unknown));
  }) as typeof clearTimeout;
  try {
    body(ms => {
      now += ms;
      const ready = due.filter(timer => timer.at <= now);
      due = due.filter(timer => timer.at > now);
      for (const timer of ready) timer.call();
    });
  } finally {
    globalThis.setTimeout = realSet;
    globalThis.clearTimeout = realClear;
  }
}

test('what EventSource gives up is begun anew, ever later, and is fresh then', () => {
  withTimers(tick => {
    const { heard, source } = makeStream();
    for (let failures = 0; failures < 4; failures++) {
      source().fail(2);
      assert.equal(source().isClosed, true);
      const made = FakeSource.made.length;
      tick(pauseAfter(failures) - 1);
      assert.equal(FakeSource.made.length, made, 'not so early');
      tick(pauseAfter(failures) / 4 + 2);
      assert.equal(FakeSource.made.length, made + 1);
    }
    source().onopen();
    assert.deepEqual(heard, ['lost', 'lost', 'lost', 'lost', 'open', 'fresh']);
  });
});

test('pauses grow to a bound', () => {
  assert.deepEqual([0, 1, 2, 3].map(pauseAfter), [1000, 2000, 4000, 8000]);
  assert.equal(pauseAfter(5), 30_000);
  assert.equal(pauseAfter(5000), 30_000);
});

test('a connection of which nothing is heard is begun anew, fresh', () => {
  withTimers(tick => {
    const { stream, heard, source } = makeStream();
    source().onopen();
    tick(39_000);
    source().listeners.get('heartbeat')?.({ data: '{"time":"1970-01-01T00:00:00Z"}' });
    tick(39_000);
    assert.equal(FakeSource.made.length, 1);
    tick(1000);
    assert.equal(FakeSource.made[0]?.isClosed, true);
    source().onopen();
    assert.equal(FakeSource.made.length, 2);
    assert.deepEqual(heard, ['open', 'fresh', 'heartbeat 0', 'lost', 'open', 'fresh']);
    stream.stop();
    tick(60_000);
    assert.equal(FakeSource.made.length, 2);
  });
});

test('a stopped stream is quiet, and starts again fresh', () => {
  const { stream, heard, source } = makeStream();
  source().onopen();
  stream.stop();
  stream.stop();
  assert.equal(source().isClosed, true);
  stream.start();
  stream.start();
  assert.equal(FakeSource.made.length, 2);
  source().onopen();
  assert.deepEqual(heard, ['open', 'fresh', 'open', 'fresh']);
  stream.stop();
});
