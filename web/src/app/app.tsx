// SPDX-License-Identifier: GPL-3.0-or-later

// Frame and current page. A page is made anew when the route names another one, or another camera.

import { useEffect, useRef } from 'preact/hooks';
import { Frame } from '../components/frame';
import { CameraFormPage } from '../pages/camera-form';
import { CamerasPage } from '../pages/cameras';
import { LivePage } from '../pages/live';
import { NotFoundPage } from '../pages/not-found';
import { RecordingsPage } from '../pages/recordings';
import { StoragePage } from '../pages/storage';
import { useRoute } from './navigation';
import type { Route } from './router';

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'cameras':
      return <CamerasPage />;
    case 'add':
      return <CameraFormPage key="new" id={null} />;
    case 'live':
      return <LivePage key={route.id} id={route.id} />;
    case 'edit':
      return <CameraFormPage key={route.id} id={route.id} />;
    case 'recordings':
      return <RecordingsPage key={route.id} id={route.id} route={route} />;
    case 'storage':
      return <StoragePage />;
    case 'unknown':
      return <NotFoundPage />;
  }
}

/** A new page is read out from its heading on, as if it had been loaded. */
function useFocusHeading(place: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) document.querySelector<HTMLElement>('#main h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [place]);
}

export function App() {
  const route = useRoute();
  useFocusHeading(`${route.page} ${'id' in route ? route.id : ''}`);
  return (
    <Frame>
      <Page route={route} />
    </Frame>
  );
}
