/* transcript: a QMP conversation on paper. Internal to the probe; the form is in transcript.c. */
#ifndef VITRINE_PROBE_TRANSCRIPT_H
#define VITRINE_PROBE_TRANSCRIPT_H

#include "probe.h"

typedef struct PrbTranscript PrbTranscript;

/* Reads a whole one. Every document must be an object; fails with MALFORMED and the number of the
 * document. */
PrbTranscript *prb_transcript_new(const char *text, size_t length, GError **error);
void prb_transcript_free(PrbTranscript *transcript);

/* Of which kind the emulator was: VITRINE when the client enabled "depends-on". */
PrbKind prb_transcript_kind(const PrbTranscript *transcript);
/* The reply recorded for this question, a new reference; asked again, the next one recorded for it,
 * if there is one. Fails with NOT_RECORDED. */
json_t *prb_transcript_reply(PrbTranscript *transcript, const char *command, json_t *arguments,
                             GError **error);

/* Writes one more exchange. */
void prb_transcript_append(GString *text, json_t *request, json_t *reply);

#endif
