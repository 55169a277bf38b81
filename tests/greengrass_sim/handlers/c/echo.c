/* A function as an executable: fetches its events by HTTP, publishes, answers. No library but libc.
 *
 * Events: "publish TEXT" publishes TEXT on answer/c, "fail" and "exit"
 * do so, all else is answered in capitals.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BIG 65536
/* {"custom": {"subject": "answer/c"}} */
#define CONTEXT "X-Amz-Client-Context: eyJjdXN0b20iOiB7InN1YmplY3QiOiAiYW5zd2VyL2MifX0=\r\n"

static int connection = -1;

static void connect_to_core(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((unsigned short)atoi(getenv("GG_DAEMON_PORT")));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("connect");
        exit(1);
    }
}

/* The answer's status; `id` (64 bytes) and `body` (BIG bytes) are filled. */
static int ask(const char *method, const char *path, const char *headers, const char *text, char *id, char *body) {
    static char buffer[2 * BIG];
    int length = snprintf(buffer, sizeof buffer,
                          "%s /2016-11-01/functions/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
                          "%sContent-Length: %zu\r\n\r\n%s",
                          method, path, getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"), headers, strlen(text), text);
    if (write(connection, buffer, (size_t)length) != length) exit(1);
    size_t got = 0, wanted = 0;
    char *end = NULL;
    while (end == NULL || got < wanted) {
        ssize_t more = read(connection, buffer + got, sizeof buffer - 1 - got);
        if (more <= 0) exit(1);
        buffer[got += (size_t)more] = 0;
        if (end == NULL && (end = strstr(buffer, "\r\n\r\n")) != NULL) {
            wanted = (size_t)(end + 4 - buffer);
            for (char *line = strstr(buffer, "\r\n"); line != NULL && line < end; line = strstr(line + 2, "\r\n")) {
                if (strncasecmp(line + 2, "Content-Length:", 15) == 0) wanted += (size_t)atol(line + 17);
                if (strncasecmp(line + 2, "X-Amz-InvocationId:", 19) == 0) sscanf(line + 21, " %63s", id);
            }
        }
    }
    snprintf(body, BIG, "%s", end + 4);
    return atoi(buffer + 9);
}

int main(int count, char **words) {
    static char path[512], headers[512], event[BIG], ignored[BIG];
    char id[64] = "", other[64];
    connect_to_core();
    printf("%d words, the last is %s\n", count, words[count - 1]);
    fflush(stdout);
    snprintf(path, sizeof path, "%s/initialized", getenv("MY_FUNCTION_ARN"));
    int broken = getenv("BROKEN") != NULL;
    ask("PUT", path, "", broken ? "{\"Success\": false, \"Response\": \"no camera\"}" : "{\"Success\": true}", id, ignored);
    if (broken) return 1;
    snprintf(path, sizeof path, "%s/work", getenv("MY_FUNCTION_ARN"));
    while (ask("GET", path, "", "", id, event) == 200) {
        const char *error = "";
        if (strncmp(event, "publish ", 8) == 0) {
            int status = ask("POST", getenv("ROUTER_FUNCTION_ARN"), CONTEXT "X-Amz-Invocation-Type: Event\r\n",
                             event + 8, other, ignored);
            snprintf(event, sizeof event, "%d", status);
        } else if (strcmp(event, "fail") == 0) {
            error = "X-Amz-Function-Error: Handled\r\n";
            strcpy(event, "{\"errorMessage\": \"as you wish\"}");
        } else if (strcmp(event, "exit") == 0) {
            return 3;
        } else {
            for (char *one = event; *one; one++) *one = (char)toupper(*one);
        }
        snprintf(headers, sizeof headers, "X-Amz-InvocationId: %s\r\n%s", id, error);
        ask("POST", path, headers, event, other, ignored);
    }
    return 2;
}
