/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-locale.h"

#include <glib/gi18n-lib.h>
#include <locale.h>

/* From a program in src/ or in src/FOLDER/ of a build directory. */
static const char *const built[] = { "../po/locale", "../../po/locale" };

static char *
find_built (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  if (self == NULL)
    return NULL;
  g_autofree char *folder = g_path_get_dirname (self);
  for (gsize i = 0; i < G_N_ELEMENTS (built); i++)
    {
      g_autofree char *directory = g_build_filename (folder, built[i], NULL);
      if (g_file_test (directory, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&directory);
    }
  return NULL;
}

void
potoo_locale_set_up (void)
{
  g_autofree char *directory = find_built ();

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, directory != NULL ? directory : POTOO_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
