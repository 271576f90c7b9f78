// SPDX-License-Identifier: GPL-3.0-or-later

// The newest picture of a camera, fetched anew at a calm pace while it can be seen. What was shown
// last stays until a newer one is there.

import { useEffect, useRef, useState } from 'preact/hooks';
import { fetchSnapshot } from '../api/client';
import { toApiError } from '../api/error';
import { getNowMs } from '../state/app-state';

const FIRST_KEYFRAME_MS = 3000;

interface SnapshotProps {
  camera: string;
  height: number;
  everyMs: number;
  /** Since when the camera is in its state: there is no picture before its first keyframe. */
  since: string;
  /** False: keep what is there and ask for nothing. */
  isActive: boolean;
  alt: string;
}

/** Whether the element can be seen, in the page and the page on the screen. */
function useVisible(element: { current: Element | null }): boolean {
  const [isVisible, setVisible] = useState(false);
  useEffect(() => {
    let isInView = false;
    const look = () => setVisible(isInView && document.visibilityState === 'visible');
    const observer = new IntersectionObserver(entries => {
      isInView = entries.some(entry => entry.isIntersecting);
      look();
    });
    if (element.current) observer.observe(element.current);
    document.addEventListener('visibilitychange', look);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return isVisible;
}

/** Object URL of the newest picture; each is given back when the next one is there. */
function usePicture({ camera, height, everyMs, since, isActive }: SnapshotProps, isVisible: boolean): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => () => { if (url !== null) URL.revokeObjectURL(url); }, [url]);
  useEffect(() => {
    if (!isActive || !isVisible) return;
    const abort = new AbortController();
    let timer = 0;
    const fetchOne = async () => {
      let pause = everyMs;
      try {
        const picture = await fetchSnapshot(camera, height, abort.signal);
        if (!abort.signal.aborted) setUrl(URL.createObjectURL(picture));
      } catch (thrown) {
        pause = Math.max(everyMs, 1000 * (toApiError(thrown)?.retryAfter ?? 2));
      }
      if (!abort.signal.aborted) timer = window.setTimeout(() => void fetchOne(), pause);
    };
    // Not longer where clocks differ, or the recorder's was set back.
    const wait = Math.min(Date.parse(since) + FIRST_KEYFRAME_MS - getNowMs(), FIRST_KEYFRAME_MS);
    if (wait > 0) timer = window.setTimeout(() => void fetchOne(), wait);
    else void fetchOne();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [camera, height, everyMs, since, isActive, isVisible]);
  return url;
}

export function Snapshot(props: SnapshotProps) {
  const element = useRef<HTMLDivElement>(null);
  const url = usePicture(props, useVisible(element));
  return (
    <div ref={element} class={`snapshot${props.isActive ? '' : ' snapshot-stale'}`}>
      {url !== null && <img src={url} alt={props.alt} decoding="async" />}
    </div>
  );
}
