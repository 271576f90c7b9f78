/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooViewingPool:
 *
 * The streaming threads of pipelines that serve those who watch: they give way to recording
 * (potoo-cpu.h). GStreamer's own threads cannot, as they are handed on from pipeline to pipeline,
 * and some of these record. The process has one pool; any thread.
 */
#define POTOO_TYPE_VIEWING_POOL (potoo_viewing_pool_get_type ())
G_DECLARE_FINAL_TYPE (PotooViewingPool, potoo_viewing_pool, POTOO, VIEWING_POOL, GstTaskPool)

/* @message: any, in a synchronous handler of the pipeline's bus: when it tells of a new streaming
 * thread, that is the pool's. */
void potoo_viewing_pool_take (GstMessage *message);
/* Sets a handler that does just that. */
void potoo_viewing_pool_serve (GstElement *pipeline);

G_END_DECLS
