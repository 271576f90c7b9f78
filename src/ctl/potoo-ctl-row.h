/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Values of a dictionary, a{sv}, that came over D-Bus; empty, 0 or FALSE for one that it lacks. */

const char *potoo_ctl_row_get_text (GVariant *row, const char *name); /* (transfer none) */
gint64 potoo_ctl_row_get_int64 (GVariant *row, const char *name);     /* x, t or u */
double potoo_ctl_row_get_double (GVariant *row, const char *name);
gboolean potoo_ctl_row_get_boolean (GVariant *row, const char *name);

G_END_DECLS
