/* Verify a message on standard input: cc verify.c $(pkg-config --cflags --libs mailproof) */
#include <mailproof/mailproof.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    enum { MAX_BYTES = 32 * 1024 * 1024 };
    struct mp_options options = MP_OPTIONS_INIT;
    struct mp_envelope envelope = MP_ENVELOPE_INIT;
    struct mp_verifier *verifier = NULL;
    struct mp_result *result = NULL;
    struct mp_error error = {0};
    struct mp_finding finding;
    char *message = malloc(MAX_BYTES);
    size_t length = message == NULL ? 0 : fread(message, 1, MAX_BYTES, stdin);

    envelope.client_ip = argc > 1 ? argv[1] : NULL;
    envelope.mail_from = argc > 2 ? argv[2] : NULL;
    options.zone = getenv("ZONE"); /* zone-file text; without it the system's resolver is asked */
    if (mp_verifier_new(&options, &verifier, &error) != MP_CODE_OK ||
        mp_verify(verifier, &envelope, message, length, &result, &error) != MP_CODE_OK) {
        fprintf(stderr, "verify: %s\n", error.text);
        mp_verifier_free(verifier);
        free(message);
        return 2;
    }
    printf("spf=%s dkim=%s arc=%s dmarc=%s -> %s%s\n", mp_result_spf(result),
           mp_result_dkim(result), mp_result_arc(result), mp_result_dmarc(result),
           mp_result_action(result), mp_result_complete(result) ? "" : " (undecided)");
    for (size_t i = 0; mp_result_finding(result, i, &finding); i++)
        printf("  %s: %.*s\n    %s\n", finding.id, (int)finding.evidence.length,
               finding.evidence.bytes, finding.remedy);
    mp_result_free(result);
    mp_verifier_free(verifier);
    free(message);
    return 0;
}
