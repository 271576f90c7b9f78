/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-router.h"

G_BEGIN_DECLS

/* The pages of the browser's user interface, from the GResource that web/ makes. */
extern const PotooRoute potoo_web_ui_routes[];

/* 404 with the document, whose script then says that there is no such page. */
void potoo_web_ui_reply_unknown (PotooWebRequest *request);

G_END_DECLS
