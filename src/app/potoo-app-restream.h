/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "restream/potoo-restream-server.h"

G_BEGIN_DECLS

/* Makes the RTSP server and tells it where the cameras' live media is. An address that is taken is
 * logged: cameras are recorded all the same. Main thread; to be made before the camera
 * list starts and freed after it stopped. */
typedef struct _PotooAppRestream PotooAppRestream;

PotooAppRestream *potoo_app_restream_new (PotooCameraList *cameras, PotooConfig *config);
/* Ends all RTSP connections; waits at most half a second. */
void potoo_app_restream_free (PotooAppRestream *restream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppRestream, potoo_app_restream_free)

/* (transfer none) (nullable): it could not listen */
PotooRestreamServer *potoo_app_restream_get_server (PotooAppRestream *restream);

G_END_DECLS
