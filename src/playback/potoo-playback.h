/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "playback/potoo-playlist.h"

G_BEGIN_DECLS

/**
 * potoo_playback_make_playlist:
 * @n_unreadable: (out): segments left out because their index does not parse
 *
 * The playlist of a stream of a camera for a window of at most POTOO_PLAYLIST_MAX_US, from the
 * catalog alone. Without entries when nothing is recorded in the window, or when what is being
 * recorded there has no whole GOP yet (potoo_playlist_is_growing()).
 *
 * Whoever holds the reader. Errors: POTOO_ERROR_INVALID_ARGUMENT for a window that holds more than
 * a playlist may, and those of the catalog. (transfer full)
 */
PotooPlaylist *potoo_playback_make_playlist (PotooCatalogReader *reader,
                                             const char *camera,
                                             PotooStreamKind stream,
                                             gint64 start_us,
                                             gint64 end_us,
                                             guint *n_unreadable,
                                             GError **error);

G_END_DECLS
