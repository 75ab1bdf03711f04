// What a file system may keep waiting for as long as it likes, done by a thread beside the tracer.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proc.h"

/// How many unanswered questions there may be: each keeps a thread, and has had the tracer wait.
enum { MOST_UNANSWERED = 8, STACK_SIZE = 1 << 18 };

/// A question, which is freed by whoever is done with it last.
struct question {
    int (*ask)(void *);
    int result, is_answered, is_abandoned;
    char arguments[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unanswered;

static void prepare(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&answered, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void *answer(void *opaque)
{
    struct question *question = opaque;
    int result = question->ask(question->arguments);
    pthread_mutex_lock(&lock);
    question->result = result;
    question->is_answered = 1;
    if (question->is_abandoned) {
        unanswered--;
        free(question);
    } else {
        pthread_cond_signal(&answered);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int csupervise_start_aside(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return error;
}

int csupervise_ask_aside(int (*ask)(void *), void *arguments, size_t size)
{
    struct timespec end;
    struct question *question = malloc(sizeof *question + size);
    if (question == NULL) {
        return EXDEV;
    }
    *question = (struct question){.ask = ask};
    memcpy(question->arguments, arguments, size);
    pthread_once(&once, prepare);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 1;
    pthread_mutex_lock(&lock);
    int error = unanswered < MOST_UNANSWERED ? csupervise_start_aside(answer, question) : EAGAIN;
    if (error != 0) {
        pthread_mutex_unlock(&lock);
        free(question);
        return EXDEV;
    }
    while (!question->is_answered && error == 0) {
        error = pthread_cond_timedwait(&answered, &lock, &end);
    }
    int result = EXDEV;
    if (question->is_answered) {
        result = question->result;
        memcpy(arguments, question->arguments, size);
        free(question);
    } else {
        question->is_abandoned = 1;
        unanswered++;
    }
    pthread_mutex_unlock(&lock);
    return result;
}
