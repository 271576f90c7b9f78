// SPDX-License-Identifier: GPL-3.0-or-later

// The frame around a video: the picture, what is said over it, and a bar of controls below.

import type { ComponentChildren, RefObject } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { _ } from '../../i18n/text';
import { IconButton } from '../button';

export interface VideoState {
  isPaused: boolean;
  isMuted: boolean;
  isWaiting: boolean;
  hasPicture: boolean;
}

const EVENTS = ['play', 'pause', 'playing', 'waiting', 'seeking', 'seeked', 'volumechange', 'loadeddata', 'emptied', 'ended', 'canplay'];

function readVideo(video: HTMLVideoElement): VideoState {
  return {
    isPaused: video.paused,
    isMuted: video.muted,
    isWaiting: !video.paused && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    hasPicture: video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
  };
}

/** What the element does, as state. */
export function useVideo(ref: RefObject<HTMLVideoElement | null>): VideoState {
  const [state, setState] = useState<VideoState>({ isPaused: true, isMuted: true, isWaiting: false, hasPicture: false });
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    const look = () => setState(readVideo(video));
    for (const event of EVENTS) video.addEventListener(event, look);
    look();
    return () => {
      for (const event of EVENTS) video.removeEventListener(event, look);
    };
  }, [ref]);
  return state;
}

function useFullscreen(frame: RefObject<HTMLElement | null>, video: RefObject<HTMLVideoElement | null>) {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [frame]);
  const toggle = useCallback(() => {
    const phone = video.current as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (frame.current?.requestFullscreen) void frame.current.requestFullscreen().catch(() => undefined);
    else phone?.webkitEnterFullscreen?.();
  }, [frame, video]);
  return { isFull, toggle };
}

interface PlayerFrameProps {
  video: RefObject<HTMLVideoElement | null>;
  state: VideoState;
  label: string;
  /** Beneath the video: shown until it has a picture. */
  backdrop?: ComponentChildren;
  /** Over the picture. */
  overlay?: ComponentChildren;
  /** Between play and the buttons at the end. */
  controls?: ComponentChildren;
  onPlay: () => void;
  onKey?: (event: KeyboardEvent) => void;
}

export function PlayerFrame({ video, state, label, backdrop, overlay, controls, onPlay, onKey }: PlayerFrameProps) {
  const frame = useRef<HTMLElement>(null);
  const { isFull, toggle } = useFullscreen(frame, video);
  const togglePlay = () => (state.isPaused ? onPlay() : video.current?.pause());
  const toggleMute = () => {
    if (video.current) video.current.muted = !video.current.muted;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isControl = (event.target as Element).closest('button, input, select, a, [role=slider]');
    if (isControl || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = { ' ': togglePlay, k: togglePlay, m: toggleMute, f: toggle };
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    } else onKey?.(event);
  };
  return (
    <section ref={frame} class="player" aria-label={label} onKeyDown={onKeyDown}>
      <div class="player-picture">
        {backdrop}
        <video
          ref={video}
          class={state.hasPicture ? 'has-picture' : ''}
          tabIndex={0}
          aria-label={label}
          playsInline
          muted
          onClick={togglePlay}
          onDblClick={toggle}
        />
        {overlay && <div class="player-overlay">{overlay}</div>}
      </div>
      <div class="player-bar">
        <IconButton label={state.isPaused ? _('Play') : _('Pause')} icon={state.isPaused ? 'play' : 'pause'} onClick={togglePlay} />
        {controls}
        <span class="player-space" />
        <IconButton label={state.isMuted ? _('Sound on') : _('Sound off')} icon={state.isMuted ? 'mute' : 'sound'} onClick={toggleMute} />
        <IconButton label={isFull ? _('Leave full screen') : _('Full screen')} icon="fullscreen" onClick={toggle} />
      </div>
    </section>
  );
}

/** Something is on its way. */
export function Spinner({ label }: { label: string }) {
  return (
    <div class="spinner" role="status">
      <span class="spinner-ring" aria-hidden="true" />
      <span>{label}</span>
    </div>
  );
}
