#include "events.h"

#include <string.h>

enum { REPEAT_US = 100000, LIFETIME_US = 5000000 };

static struct event *place_for_one(struct events *events)
{
    struct event *oldest = &events->waiting[0];
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct event *event = &events->waiting[i];
        if (event->type == 0) {
            return event;
        }
        if (dock_is_newer(oldest->id, event->id)) {
            oldest = event;
        }
    }
    return oldest;
}

struct event *events_add(struct events *events, uint8_t type, uint64_t now_us)
{
    struct event *event = place_for_one(events);
    events->last_id = (uint16_t)(events->last_id % UINT16_MAX + 1); /* never 0 */
    memset(event, 0, sizeof *event);
    event->type = type;
    event->id = events->last_id;
    event->made_us = now_us;
    event->due_us = now_us;
    return event;
}

void events_acknowledged(struct events *events, uint8_t type, uint16_t id)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct event *event = &events->waiting[i];
        if (event->type == type && event->id == id) {
            event->type = 0;
        }
    }
}

void events_drop(struct events *events, uint8_t type)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        if (events->waiting[i].type == type) {
            events->waiting[i].type = 0;
        }
    }
}

void events_expire(struct events *events, uint64_t now_us)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        if (now_us - events->waiting[i].made_us > LIFETIME_US) {
            events->waiting[i].type = 0;
        }
    }
}

static void fill(const struct event *event, struct dock_message *message)
{
    message->type = event->type;
    switch (event->type) {
    case DOCK_BUTTON:
        message->as.button = event->as.button;
        message->as.button.id = event->id;
        break;
    case DOCK_FAULT:
        message->as.fault = event->as.fault;
        message->as.fault.id = event->id;
        break;
    default:
        message->as.motion_done = event->as.motion_done;
        message->as.motion_done.id = event->id;
        break;
    }
}

bool events_next(struct events *events, uint64_t now_us, struct dock_message *message)
{
    struct event *next = NULL;
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct event *event = &events->waiting[i];
        bool is_due = event->type != 0 && now_us >= event->due_us;
        if (is_due && (next == NULL || dock_is_newer(next->id, event->id))) {
            next = event;
        }
    }
    if (next == NULL) {
        return false;
    }
    next->due_us = now_us + REPEAT_US;
    fill(next, message);
    return true;
}
