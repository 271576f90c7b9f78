/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-inbox.h"

#include <string.h>

#include "base/potoo-metrics.h"

static void
on_segment (const PotooSegment *segment, gpointer user_data)
{
  g_string_append_printf (user_data, "s%d ", (int) segment->id);
}

static void
on_segment_dropped (gint64 id, gpointer user_data)
{
  g_string_append_printf (user_data, "d%d ", (int) id);
}

static void
on_gap (const PotooGap *gap, gpointer user_data)
{
  g_string_append_printf (user_data, "g%d ", (int) gap->id);
}

static void
on_event (const PotooEvent *event, gpointer user_data)
{
  g_string_append_printf (user_data, "%s%d ", event->title, (int) event->id);
}

static void
on_lock (const PotooLock *lock, gpointer user_data)
{
  g_string_append_printf (user_data, "%s%d ", lock->reason, (int) lock->id);
}

static void
on_dropped (gint64 id, gpointer user_data)
{
  g_string_append_printf (user_data, "x%d ", (int) id);
}

static const PotooDbusInboxFuncs funcs = {
  .segment = on_segment,
  .segment_dropped = on_segment_dropped,
  .gap = on_gap,
  .event = on_event,
  .event_dropped = on_dropped,
  .lock = on_lock,
  .lock_dropped = on_dropped,
};

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gpointer
put_some (gpointer inbox)
{
  const PotooSegment segment = { .id = 1 };
  const PotooGap gap = { .id = 2 };
  const PotooEvent event = { .id = 4, .title = (char *) "e" };
  const PotooLock lock = { .id = 6, .reason = (char *) "l" };

  potoo_dbus_inbox_put_segment (inbox, &segment);
  potoo_dbus_inbox_put_gap (inbox, &gap);
  potoo_dbus_inbox_put_segment_dropped (inbox, 3);
  potoo_dbus_inbox_put_event (inbox, &event);
  potoo_dbus_inbox_put_event_dropped (inbox, 5);
  potoo_dbus_inbox_put_lock (inbox, &lock);
  potoo_dbus_inbox_put_lock_dropped (inbox, 7);
  return NULL;
}

/* From another thread, in order, and only in main. */
static void
test_order (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  PotooDbusInbox *inbox = potoo_dbus_inbox_new (&funcs, told);

  for (int i = 0; i < 2; i++)
    {
      g_thread_join (g_thread_new ("catalog", put_some, inbox));
      g_assert_cmpstr (told->str, ==, "");
      settle ();
      g_assert_cmpstr (told->str, ==, "s1 g2 d3 e4 x5 l6 x7 ");
      g_string_truncate (told, 0);
    }
  potoo_dbus_inbox_free (inbox);
}

/* What waits is bounded, and what was too much is counted. */
static void
test_bound (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  PotooDbusInbox *inbox = potoo_dbus_inbox_new (&funcs, told);

  for (int i = 0; i < POTOO_DBUS_INBOX_SIZE + 10; i++)
    potoo_dbus_inbox_put_segment_dropped (inbox, 7);
  settle ();
  g_assert_cmpuint (told->len, ==, POTOO_DBUS_INBOX_SIZE * strlen ("d7 "));
  g_autofree char *metrics = potoo_metrics_render ();
  g_assert_nonnull (strstr (metrics, "\npotoo_dbus_changes_lost_total 10\n"));
  potoo_dbus_inbox_put_segment_dropped (inbox, 8);
  settle ();
  g_assert_true (g_str_has_suffix (told->str, "d7 d8 "));
  potoo_dbus_inbox_free (inbox);
}

/* Nobody is told after the end. */
static void
test_free (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  PotooDbusInbox *inbox = potoo_dbus_inbox_new (&funcs, told);

  put_some (inbox);
  potoo_dbus_inbox_free (inbox);
  settle ();
  g_assert_cmpstr (told->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dbus-inbox/order", test_order);
  g_test_add_func ("/dbus-inbox/bound", test_bound);
  g_test_add_func ("/dbus-inbox/free", test_free);
  return g_test_run ();
}
