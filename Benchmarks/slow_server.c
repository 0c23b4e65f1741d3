/*
 * Answers every POST with a stream that is slow as a model is: a second of silence, then one event after the other.
 *
 * Holds ten thousand streams on one thread. Every gap has one of two lengths, so a wheel of 10 ms slots is all the timer
 * there is. Prints its port; `GET /counts` tells what it did, and the most streams at once since it was last asked.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOT_MS = 10, SLOTS = 1024, BUFFER = 16384, MAX_EVENTS = 256 };

struct connection {
    int fd;
    int next_event; /* which event is due; -1 while a request is being read */
    size_t filled;
    struct connection *next; /* in its slot of the wheel */
    int is_closed;           /* freed by the wheel, which still points to it */
    char buffer[BUFFER];
};

static char *events[MAX_EVENTS];
static size_t event_sizes[MAX_EVENTS];
static int event_count, first_ms = 1000, gap_ms = 100;
static struct connection *wheel[SLOTS];
static unsigned long long slot_now;
static long connections, requests, completed, open_streams, most_streams, aborted;
static int epoll_fd;

static void die(const char *what) {
    fprintf(stderr, "slow_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned long long milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000ULL + time.tv_nsec / 1000000;
}

/* Every event of the body, framed as a chunk of HTTP/1.1 ahead of time. */
static void load(const char *path) {
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    for (char *start = text, *end; (end = strstr(start, "\r\n\r\n")) && event_count < MAX_EVENTS; start = end) {
        end += 4;
        char *framed = NULL;
        int size = asprintf(&framed, "%zx\r\n%.*s\r\n%s", (size_t)(end - start), (int)(end - start), start,
            *end ? "" : "0\r\n\r\n");
        events[event_count] = framed;
        event_sizes[event_count++] = size;
    }
    if (event_count == 0) die("no event in the body");
}

static void schedule(struct connection *connection, int delay_ms) {
    unsigned long long slot = slot_now + delay_ms / SLOT_MS;
    connection->next = wheel[slot % SLOTS];
    wheel[slot % SLOTS] = connection;
}

static void close_connection(struct connection *connection) {
    close(connection->fd);
    if (connection->next_event < 0) {
        free(connection);
        return;
    }
    aborted++;
    open_streams--;
    connection->is_closed = 1;
}

static int send_all(struct connection *connection, const char *data, size_t size) {
    /* Events are far smaller than the socket's buffer: a reader that is that far behind has failed the test. */
    return send(connection->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void send_counts(struct connection *connection) {
    char counts[256], response[512];
    int size = snprintf(counts, sizeof counts,
        "{\"connections\":%ld,\"requests\":%ld,\"completed\":%ld,\"aborted\":%ld,\"most_streams\":%ld}\n", connections,
        requests, completed, aborted, most_streams);
    most_streams = open_streams;
    int length = snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, counts);
    send_all(connection, response, length);
}

/* Answers the request in the buffer if it is whole; returns whether the connection goes on. */
static int handle_request(struct connection *connection) {
    connection->buffer[connection->filled] = 0;
    char *end = strstr(connection->buffer, "\r\n\r\n");
    if (!end) return connection->filled < BUFFER - 1;
    char *length = strcasestr(connection->buffer, "\r\ncontent-length:");
    size_t whole = end + 4 - connection->buffer + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    if (whole > BUFFER - 1) return 0;
    if (connection->filled < whole) return 1;
    connection->filled = 0;
    if (strncmp(connection->buffer, "GET ", 4) == 0) {
        send_counts(connection);
        return 1;
    }
    requests++;
    if (++open_streams > most_streams) most_streams = open_streams;
    connection->next_event = 0;
    schedule(connection, first_ms);
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    return send_all(connection, head, sizeof head - 1);
}

static void receive(struct connection *connection) {
    ssize_t count = recv(connection->fd, connection->buffer + connection->filled, BUFFER - 1 - connection->filled, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count > 0) connection->filled += count;
    /* One request at a time: what comes during a stream waits in the buffer, which no client does. */
    if (count <= 0 || (connection->next_event < 0 && !handle_request(connection))) close_connection(connection);
}

static void turn_wheel(void) {
    for (unsigned long long target = milliseconds() / SLOT_MS; slot_now < target;) {
        slot_now++;
        struct connection *due = wheel[slot_now % SLOTS];
        wheel[slot_now % SLOTS] = NULL;
        while (due) {
            struct connection *connection = due;
            due = due->next;
            if (connection->is_closed) {
                free(connection);
                continue;
            }
            int index = connection->next_event++;
            if (!send_all(connection, events[index], event_sizes[index])) {
                close_connection(connection);
                free(connection);
            } else if (connection->next_event < event_count) {
                schedule(connection, gap_ms);
            } else {
                connection->next_event = -1;
                completed++;
                open_streams--;
            }
        }
    }
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection) die("calloc");
        connections++;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection->fd = fd;
        connection->next_event = -1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16384)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments) {
    if (count != 2 && count != 4) {
        fprintf(stderr, "usage: slow_server BODY [FIRST_MS GAP_MS]\n");
        return 64;
    }
    load(arguments[1]);
    if (count == 4) first_ms = atoi(arguments[2]), gap_ms = atoi(arguments[3]);
    if (first_ms >= SLOT_MS * SLOTS || gap_ms >= SLOT_MS * SLOTS || first_ms < SLOT_MS || gap_ms < SLOT_MS) {
        fprintf(stderr, "slow_server: delays are from %d to %d ms\n", SLOT_MS, SLOT_MS * SLOTS - 1);
        return 64;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_loopback();
    struct epoll_event ready[1024], event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    slot_now = milliseconds() / SLOT_MS;
    for (;;) {
        int found = epoll_wait(epoll_fd, ready, 1024, SLOT_MS);
        if (found < 0 && errno != EINTR) die("epoll_wait");
        for (int index = 0; index < found; index++) {
            if (ready[index].data.ptr) {
                receive(ready[index].data.ptr);
            } else {
                accept_all(listener);
            }
        }
        turn_wheel();
    }
}
