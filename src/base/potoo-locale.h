/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes the locale of the environment, and the translations that were installed, or built with a
 * program that runs where it was built. Once in main(), before there are other threads. */
void potoo_locale_set_up (void);

G_END_DECLS
