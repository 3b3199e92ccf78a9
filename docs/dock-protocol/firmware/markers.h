/* The markers in sight: which is the primary one, and what was last told of each. */
#ifndef DOCK_MARKERS_H
#define DOCK_MARKERS_H

#include "hal.h"

enum { MARKERS_MAX = 4 };

struct marker {
    uint16_t id; /* 0: free */
    uint64_t heard_us;
    struct dock_marker_status told;
    struct dock_marker_status present;
};

struct markers {
    struct marker known[MARKERS_MAX];
    uint16_t primary_id; /* 0: none yet */
};

/* Take a measurement. The first marker ever becomes the primary one; beyond MARKERS_MAX the one that was silent
 * longest goes. */
void markers_heard(struct markers *markers, const struct hal_marker *measured, uint64_t now_us);

/* Forget the markers that the hardware stopped reporting: they are switched off or out of range. */
void markers_expire(struct markers *markers, uint64_t now_us);

/* Make this marker the primary one; false where it is not known. */
bool markers_follow(struct markers *markers, uint16_t marker_id);

/* The role of a marker. */
uint8_t markers_role(const struct markers *markers, uint16_t marker_id);

/* Another host, or time to: tell every status again. */
void markers_tell_again(struct markers *markers);

/* The next status that is to be told; false when there is none. */
bool markers_next_status(struct markers *markers, struct dock_marker_status *status);

#endif
