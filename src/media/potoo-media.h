/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Starts GStreamer and sees that every element is there that recording needs;
 * POTOO_ERROR_UNSUPPORTED names what is missing and its Debian package. Once, before
 * any other function of media. */
gboolean potoo_media_init (GError **error);

/* Makes the element @name and puts it into @bin. POTOO_ERROR_UNSUPPORTED names it and its Debian
 * package when it is not installed. (transfer none) */
GstElement *potoo_media_add_element (GstBin *bin, const char *name, GError **error);

G_END_DECLS
