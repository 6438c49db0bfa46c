/* Parts of what a scripted server says and expects when a message is sent to it. */
#ifndef MP_ARRIVAL_DELIVER_TEST_KIT_H
#define MP_ARRIVAL_DELIVER_TEST_KIT_H

#include "tests/script_server.h"

#define GREETING                                                                                   \
    SCRIPT_SAY("220 mx.test ESMTP\r\n"), SCRIPT_EXPECT("EHLO client.test"),                        \
        SCRIPT_SAY("250-mx.test\r\n250 8BITMIME\r\n")
#define MAIL_OK     SCRIPT_EXPECT("MAIL FROM:<a@good.test>"), SCRIPT_SAY("250 2.1.0 ok\r\n")
#define RCPT(reply) SCRIPT_EXPECT("RCPT TO:"), SCRIPT_SAY(reply)
#define BODY_OK     SCRIPT_EXPECT("DATA"), SCRIPT_SAY("354 go\r\n"), SCRIPT_MESSAGE
#define BYE         SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"), SCRIPT_END

static const struct script_step busy[] = {SCRIPT_SAY("421 4.3.2 busy\r\n"), BYE};
static const struct script_step refuses_rcpt[] = {GREETING, MAIL_OK, RCPT("550 5.1.1 nobody\r\n"),
                                                  BYE};
static const struct script_step greylists[] = {GREETING, MAIL_OK, RCPT("451 4.7.1 later\r\n"), BYE};

#endif
