/*
 * The least that receiving answers usually costs: POSTs with libcurl, bytes counted and thrown away.
 *
 * The same way of waiting as genbatch's own client (curl_multi_socket_action over epoll), so that the ratio of the two
 * tells what everything above libcurl costs. The address is handed over as text, as programs do; genbatch hands it over in
 * its parts, which costs libcurl less. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *url, *body, *ca_file;
static size_t body_size;
static long requests = 1000, concurrency = 64, http_version = CURL_HTTP_VERSION_1_1;

static CURLM *multi;
static int epoll_fd;
static double deadline = -1; /* when libcurl wants to be called, in seconds; negative for never */
static struct curl_slist *headers;
static long started, succeeded, retried, failed, connections;
static unsigned long long received;

static void die(const char *what) {
    fprintf(stderr, "receiver: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static size_t count_bytes(char *data, size_t size, size_t count, void *context) {
    (void)data, (void)context;
    received += size * count;
    return size * count;
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known) {
    (void)easy, (void)context;
    struct epoll_event event = {.data.fd = socket};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) {
        /* The number was closed and given out again behind our back. */
        epoll_ctl(epoll_fd, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
    }
    if (!known) curl_multi_assign(multi, socket, multi);
    return 0;
}

static int set_timer(CURLM *handle, long milliseconds, void *context) {
    (void)handle, (void)context;
    deadline = milliseconds < 0 ? -1 : now() + milliseconds / 1e3;
    return 0;
}

static void start(CURL *easy) {
    started++;
    curl_multi_add_handle(multi, easy);
}

static CURL *new_transfer(void) {
    CURL *easy = curl_easy_init();
    if (!easy) die("curl_easy_init");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body_size);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http_version);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    return easy;
}

static void collect(void) {
    CURLMsg *message;
    int waiting;
    while ((message = curl_multi_info_read(multi, &waiting))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL *easy = message->easy_handle;
        long status = 0, opened = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
        connections += opened;
        int is_whole = message->data.result == CURLE_OK && status == 200;
        curl_multi_remove_handle(multi, easy);
        if (is_whole) {
            succeeded++;
        } else if (++retried > requests / 100 + 10) {
            fprintf(stderr, "receiver: status %ld: %s\n", status, curl_easy_strerror(message->data.result));
            failed++;
        }
        if (!is_whole && failed == 0) {
            /* As genbatch does: over HTTP/2 a server that answers before it has read the body may reset the stream. */
            curl_multi_add_handle(multi, easy);
        } else if (started < requests) {
            start(easy);
        } else {
            curl_easy_cleanup(easy);
        }
    }
}

static void run(void) {
    struct epoll_event events[1024];
    int running = 0;
    while (succeeded + failed < requests) {
        double wait = deadline < 0 ? 1 : deadline - now();
        int count = epoll_wait(epoll_fd, events, 1024, wait <= 0 ? 0 : (int)(wait * 1e3) + 1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int index = 0; index < count; index++) {
            int flags = (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0)
                | (events[index].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                | (events[index].events & EPOLLERR ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, events[index].data.fd, flags, &running);
        }
        if (deadline >= 0 && now() >= deadline) {
            deadline = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        collect();
    }
}

static void read_body(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    fseek(file, 0, SEEK_END);
    body_size = ftell(file);
    rewind(file);
    char *bytes = malloc(body_size);
    if (!bytes || fread(bytes, 1, body_size, file) != body_size) die(path);
    fclose(file);
    body = bytes;
}

static void parse(int count, char **arguments) {
    static const struct option options[] = {
        {"url", 1, 0, 'u'}, {"body", 1, 0, 'b'}, {"body-file", 1, 0, 'f'}, {"cacert", 1, 0, 'a'},
        {"requests", 1, 0, 'n'}, {"concurrency", 1, 0, 'c'}, {"http2", 0, 0, '2'}, {"version", 0, 0, 'v'}, {0},
    };
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 'u': url = optarg; break;
        case 'b': body = optarg, body_size = strlen(optarg); break;
        case 'f': read_body(optarg); break;
        case 'a': ca_file = optarg; break;
        case 'n': requests = atol(optarg); break;
        case 'c': concurrency = atol(optarg); break;
        case 'v': puts(curl_version()), exit(0);
        case '2': http_version = CURL_HTTP_VERSION_2TLS; break;
        default: exit(64);
        }
    }
    if (!url || !body || requests < 1 || concurrency < 1) {
        fprintf(stderr, "usage: receiver --url URL --body TEXT | --body-file FILE [--requests N] [--concurrency N] [--http2] "
            "[--cacert FILE]\n");
        exit(64);
    }
}

int main(int count, char **arguments) {
    parse(count, arguments);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!multi || epoll_fd < 0) die("set-up");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
    if (http_version == CURL_HTTP_VERSION_2TLS) {
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (concurrency + 99) / 100);
    }
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "x-goog-api-key: bench");

    double begin = now();
    for (long index = 0; index < concurrency && index < requests; index++) start(new_transfer());
    run();
    double wall = now() - begin;

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"requests\":%ld,\"succeeded\":%ld,\"retried\":%ld,\"failed\":%ld,\"connections\":%ld,\"bytes\":%llu,\"wall\":%.4f,"
           "\"cpu_user\":%.4f,\"cpu_system\":%.4f}\n",
        started, succeeded, retried, failed, connections, received, wall,
        usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6, usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6);
    return failed > 0;
}
