/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-main.h"

void
potoo_main_post (GSourceFunc func, gpointer object)
{
  g_return_if_fail (func != NULL && G_IS_OBJECT (object));

  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, g_object_ref (object), g_object_unref);
  g_source_attach (source, NULL);
}
