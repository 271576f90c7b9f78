/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-certificate.h"

#include <glib/gi18n-lib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

#define VALID_DAYS 3650

/* Each step only when those before it were well. */
static int
fill (gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
  static const guint8 v4[] = { 127, 0, 0, 1 };
  static const guint8 v6[16] = { [15] = 1 };
  gint64 now_us = potoo_clock_wall_us ();
  gint64 serial = GINT64_TO_BE (now_us);
  int status;

  if ((status = gnutls_x509_crt_set_version (crt, 3)) < 0 ||
      (status = gnutls_x509_crt_set_serial (crt, &serial, sizeof serial)) < 0 ||
      (status = gnutls_x509_crt_set_dn (crt, "CN=potoo-camera-sim", NULL)) < 0 ||
      (status = gnutls_x509_crt_set_activation_time (crt, (now_us - POTOO_DAY_US) /
                                                              POTOO_SECOND_US)) < 0 ||
      (status = gnutls_x509_crt_set_expiration_time (crt, (now_us + VALID_DAYS * POTOO_DAY_US) /
                                                              POTOO_SECOND_US)) < 0 ||
      (status = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                      GNUTLS_FSAN_SET)) < 0 ||
      (status = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS, v4, sizeof v4,
                                                      GNUTLS_FSAN_APPEND)) < 0 ||
      (status = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS, v6, sizeof v6,
                                                      GNUTLS_FSAN_APPEND)) < 0 ||
      (status = gnutls_x509_crt_set_key (crt, key)) < 0)
    return status;
  return gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

/* Certificate and key, one after the other, as PEM. */
static int
export_pem (gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, GString *pem)
{
  gnutls_datum_t crt_pem = { NULL, 0 }, key_pem = { NULL, 0 };
  int status = gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &crt_pem);

  if (status >= 0)
    status = gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &key_pem);
  if (status >= 0)
    {
      g_string_append_len (pem, (const char *) crt_pem.data, crt_pem.size);
      g_string_append_len (pem, (const char *) key_pem.data, key_pem.size);
    }
  gnutls_free (crt_pem.data);
  gnutls_free (key_pem.data);
  return status;
}

GTlsCertificate *
potoo_sim_certificate_new (GError **error)
{
  gnutls_x509_crt_t crt = NULL;
  gnutls_x509_privkey_t key = NULL;
  GString *pem = g_string_new (NULL);
  GTlsCertificate *certificate = NULL;
  int status;

  if ((status = gnutls_x509_crt_init (&crt)) >= 0 &&
      (status = gnutls_x509_privkey_init (&key)) >= 0 &&
      (status = gnutls_x509_privkey_generate (
           key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0)) >= 0 &&
      (status = fill (crt, key)) >= 0)
    status = export_pem (crt, key, pem);
  if (key != NULL)
    gnutls_x509_privkey_deinit (key);
  if (crt != NULL)
    gnutls_x509_crt_deinit (crt);

  if (status >= 0)
    certificate = g_tls_certificate_new_from_pem (pem->str, (gssize) pem->len, error);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_FAILED, _ ("Cannot make a TLS certificate: %s"),
                 gnutls_strerror (status));
  g_string_free (pem, TRUE);
  return certificate;
}
