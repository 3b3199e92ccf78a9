/* What the dock tells until it is heard: presses, faults and the ends of motions. */
#ifndef DOCK_EVENTS_H
#define DOCK_EVENTS_H

#include "codec.h"

enum { EVENTS_MAX = 16 };

struct event {
    uint8_t type; /* 0: free */
    uint16_t id;
    uint64_t made_us;
    uint64_t due_us;
    union {
        struct dock_button button;
        struct dock_fault fault;
        struct dock_motion_done motion_done;
    } as;
};

struct events {
    struct event waiting[EVENTS_MAX];
    uint16_t last_id; /* one counter for all, since boot */
};

/* A new event of this type, due now, for the caller to fill in; where none is free the oldest gives way. */
struct event *events_add(struct events *events, uint8_t type, uint64_t now_us);

/* The host heard it. */
void events_acknowledged(struct events *events, uint8_t type, uint16_t id);

/* Whoever the events of this type concerned is gone. */
void events_drop(struct events *events, uint8_t type);

/* Forget what is too old to matter. */
void events_expire(struct events *events, uint64_t now_us);

/* The oldest event that is to be sent now; it is due again after a while. False when there is none. */
bool events_next(struct events *events, uint64_t now_us, struct dock_message *message);

#endif
