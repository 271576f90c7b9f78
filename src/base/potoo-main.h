/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Calls @func once with @object in the main thread, soon and in the order of posting, and
 * holds a reference to it until then. Any thread, the main thread too: never at once, other than
 * g_main_context_invoke(), which runs it in the calling thread when nobody happens to hold the
 * main context. */
void potoo_main_post (GSourceFunc func, gpointer object);

G_END_DECLS
