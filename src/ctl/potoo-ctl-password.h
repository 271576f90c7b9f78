/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Passwords come from the terminal, where they are not shown, or from a file; not from the command
 * line, which every user of the machine can read. */

/* The first line of @path, `-` for standard input. (transfer full): to be freed with
 * potoo_ctl_password_free() */
char *potoo_ctl_password_read (const char *path, GError **error);

/* Asks on the terminal. POTOO_ERROR_UNAVAILABLE when there is none. (transfer full) */
char *potoo_ctl_password_ask (const char *prompt, GError **error);

/* Overwrites it. @password: (nullable) */
void potoo_ctl_password_free (char *password);

G_END_DECLS
