/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What people type. */

/* A copy of the program's arguments; from the original, which other users can read, passwords in
 * URLs are taken away. (transfer full) */
GStrv potoo_ctl_arguments_take (int argc, char **argv);

/* `2026-11-21T10:15:30Z`, local `2026-11-21`, `2026-11-21 10:15[:30]` and, of today, `10:15[:30]`,
 * `now`, or how long ago (`90s`, `2h`, `7d`). POTOO_ERROR_INVALID_ARGUMENT naming @option. */
gboolean potoo_ctl_arguments_parse_time (const char *option,
                                         const char *text,
                                         gint64 now_us,
                                         gint64 *wall_us,
                                         GError **error);

/* true, yes, on, 1 and their opposites. */
gboolean potoo_ctl_arguments_parse_boolean (const char *text, gboolean *value);

G_END_DECLS
