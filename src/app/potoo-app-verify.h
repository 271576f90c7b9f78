/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *config_path; /* (nullable) */
  const char *state_dir;
  gboolean repair;
  gboolean json; /* one object on standard output at the end, instead of lines */
} PotooAppVerifyOptions;

/* `potoo --verify`: takes the locks of the state directory and of the storage roots, compares,
 * prints what it finds. Blocks until it is done. POTOO_ERROR_BUSY while Potoo runs;
 * POTOO_ERROR_CORRUPT when something is left that is not as it should be. */
gboolean potoo_app_verify (const PotooAppVerifyOptions *options, GError **error);

G_END_DECLS
