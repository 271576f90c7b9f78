/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "app/potoo-app-overload.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "base/potoo-log.h"
#include "base/potoo-overload.h"
#include "web/potoo-web-system.h"

struct _PotooAppOverload
{
  PotooCameraList *cameras;
  PotooAppLive *live;
  PotooAppRestream *restream;
  PotooWebChangeLog *log;
  PotooDbusServer *dbus;
  PotooOverloadRule rule;
  gint64 looked_us; /* monotonic; 0: not since cameras were connected */
  gboolean blind;   /* the kernel does not tell; that was said */
};

/* --- what ends --- */

static guint
end_live (PotooAppOverload *self)
{
  return potoo_live_shed (potoo_app_live_get_outputs (self->live));
}

static guint
end_restream (PotooAppOverload *self)
{
  PotooRestreamServer *server = potoo_app_restream_get_server (self->restream);

  return server != NULL ? potoo_restream_server_kick_all (server) : 0;
}

/* The least important first; detection will come before those who watch. */
static const struct
{
  PotooWork work;
  guint (*end) (PotooAppOverload *self); /* returns how many there were */
} works[] = {
  { POTOO_WORK_LIVE, end_live },
  { POTOO_WORK_RESTREAM, end_restream },
};

/* One kind each time: it may be enough. */
static void
end_some (PotooAppOverload *self)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (works) && n == 0; i++)
    {
      n = works[i].end (self);
      potoo_overload_note_ended (works[i].work, n);
    }
}

/* --- what is told --- */

static void
log_change (PotooOverload before, PotooOverload overload, double wait)
{
  int percent = (int) (wait * 100);

  if (overload < before && overload != POTOO_OVERLOAD_NONE)
    potoo_log_info (NULL, _ ("The processor has more time: no more live video is ended"));
  else if (overload == POTOO_OVERLOAD_ENDING)
    potoo_log_warning (NULL,
                       _ ("The processor is overloaded (recording waits for it %d%% of the time): "
                          "live video is ended"),
                       percent);
  else if (overload == POTOO_OVERLOAD_REFUSING)
    potoo_log_warning (NULL,
                       _ ("The processor is overloaded (recording waits for it %d%% of the time): "
                          "no live video or picture is begun"),
                       percent);
  else
    potoo_log_info (NULL, _ ("The processor has time again: live video and pictures are back"));
}

static void
tell (PotooAppOverload *self, PotooOverload before, double wait)
{
  if (self->rule.overload == before)
    return;
  log_change (before, self->rule.overload, wait);
  potoo_web_system_tell_overload (self->log, self->rule.overload);
  potoo_dbus_server_tell_overload (self->dbus, self->rule.overload);
}

/* --- looking --- */

static void
look (PotooAppOverload *self, double wait, gint64 now_us)
{
  PotooOverload before = self->rule.overload;

  /* The first time tells of when nobody looked. */
  if (self->looked_us != 0)
    potoo_overload_rule_take (&self->rule, wait, now_us - self->looked_us);
  self->looked_us = now_us;
  potoo_overload_set (self->rule.overload, wait);
  tell (self, before, wait);
  if (self->rule.overload == POTOO_OVERLOAD_ENDING && wait * 100 >= POTOO_OVERLOAD_END_PERCENT)
    end_some (self);
}

/* No camera is connected any more. */
static void
rest (PotooAppOverload *self)
{
  PotooOverload before = self->rule.overload;

  self->rule = (PotooOverloadRule){ 0 };
  self->looked_us = 0;
  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  tell (self, before, 0);
}

static void
on_ticked (PotooCameraList *cameras, gboolean more, gpointer user_data)
{
  PotooAppOverload *self = user_data;
  double wait = potoo_cpu_take_wait ();

  if (wait < 0 && !self->blind)
    potoo_log_info (NULL, _ ("This kernel does not tell how long threads wait for a processor: "
                             "live video is not ended when it is overloaded"));
  self->blind |= wait < 0;
  if (more && wait >= 0)
    look (self, wait, potoo_clock_mono_us ());
  else
    rest (self);
}

PotooAppOverload *
potoo_app_overload_new (PotooCameraList *cameras,
                        PotooAppLive *live,
                        PotooAppRestream *restream,
                        PotooWebChangeLog *log,
                        PotooDbusServer *dbus)
{
  PotooAppOverload *self = g_new0 (PotooAppOverload, 1);

  self->cameras = g_object_ref (cameras);
  self->live = live;
  self->restream = restream;
  self->log = potoo_web_change_log_ref (log);
  self->dbus = g_object_ref (dbus);
  potoo_overload_set (POTOO_OVERLOAD_NONE, 0);
  g_signal_connect (cameras, "ticked", G_CALLBACK (on_ticked), self);
  return self;
}

void
potoo_app_overload_free (PotooAppOverload *self)
{
  g_signal_handlers_disconnect_by_data (self->cameras, self);
  potoo_web_change_log_unref (self->log);
  g_object_unref (self->dbus);
  g_object_unref (self->cameras);
  g_free (self);
}
