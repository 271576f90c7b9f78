/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Texts for people, on terminals and elsewhere. */

/* Columns that @text takes on a terminal; its first @n bytes when @n >= 0. */
guint potoo_ctl_text_width (const char *text, gssize n);

/* @text cut to @width with an ellipsis where it is wider. (transfer full) */
char *potoo_ctl_text_shorten (const char *text, guint width);

/* @text in lines of at most @width, broken between words where that is possible.
 * (transfer full) (element-type utf8) */
GPtrArray *potoo_ctl_text_wrap (const char *text, guint width);

/* Without anything that a terminal would obey. (transfer full) */
char *potoo_ctl_text_clean (const char *text);

/* (transfer full) */
char *potoo_ctl_text_from_time (gint64 wall_us); /* local time; 0: empty */
char *potoo_ctl_text_from_duration (gint64 duration_us);
char *potoo_ctl_text_from_bitrate (gint64 bits_per_second); /* 0: empty */

/* Columns of the terminal that standard output is; 0: it is none. */
guint potoo_ctl_text_get_terminal_width (void);

G_END_DECLS
