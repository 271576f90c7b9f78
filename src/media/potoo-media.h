/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Starts GStreamer and sees that every element is there that recording needs;
 * POTOO_ERROR_UNSUPPORTED names what is missing and its Debian package. Once, before
 * any other function of media. */
gboolean potoo_media_init (GError **error);

G_END_DECLS
