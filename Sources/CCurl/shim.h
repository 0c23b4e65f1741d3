#ifndef GENBATCH_CCURL_SHIM_H
#define GENBATCH_CCURL_SHIM_H

#include <curl/curl.h>

#ifdef __linux__
/* The loop over libcurl's sockets waits with epoll, which Swift's Glibc module leaves out. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

/* curl_easy_setopt and its kin are variadic, which Swift cannot call: one function for each kind of argument,
   with exactly the type that libcurl reads. */

typedef size_t (*gb_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*gb_request_callback)(void *context, char *remote, char *local, int remote_port, int local_port);
typedef int (*gb_socket_callback)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context);
typedef int (*gb_timer_callback)(CURLM *multi, long milliseconds, void *context);

static inline CURLcode gb_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_data_callback(CURL *easy, CURLoption option, gb_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode gb_easy_set_request_callback(CURL *easy, gb_request_callback value) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLcode gb_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode gb_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode gb_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode gb_multi_set_socket_callback(CURLM *multi, gb_socket_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value);
}

static inline CURLMcode gb_multi_set_timer_callback(CURLM *multi, gb_timer_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value);
}

/* CURLMSG's result sits in a union, which Swift imports without a name for the member. */
static inline CURLcode gb_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
