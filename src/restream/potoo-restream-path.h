/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The paths of the re-stream: `/{camera}` and `/{camera}/sub`. Any thread. */

#define POTOO_RESTREAM_MAIN "main"
#define POTOO_RESTREAM_SUB "sub"

/**
 * potoo_restream_path_parse:
 * @path: of an RTSP URL, also of one track (`/front/stream=0`)
 * @camera: (out) (transfer full): a valid camera id
 * @stream: (out) (transfer none): POTOO_RESTREAM_MAIN or POTOO_RESTREAM_SUB
 *
 * FALSE when @path cannot be one of ours, whatever cameras there are.
 */
gboolean potoo_restream_path_parse (const char *path, char **camera, const char **stream);

char *potoo_restream_path_make (const char *camera, const char *stream); /* (transfer full) */

G_END_DECLS
